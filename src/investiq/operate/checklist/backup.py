"""Backup strategy implemented: a backup was made, restored elsewhere, and found to hold the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from investiq.clients.prometheus import Prometheus
from investiq.foundation.config import Paths
from investiq.foundation.durations import format_duration
from investiq.foundation.findings import CheckResult, Place
from investiq.foundation.telemetry import catalogue
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import done, not_done
from investiq.operate.checklist.deployment import Deployment

__all__ = ["MADE", "check", "latest", "makes_backups"]

POINT = ChecklistPoint.BACKUP

MADE = "investiq_backup_made_timestamp_seconds"
PROVEN = "investiq_backup_proven_timestamp_seconds"
INTERVAL = "investiq_backup_interval_seconds"
"""What backups tell of themselves, where this version makes any."""

_LATE = 3
"""Intervals after which the newest proof is too old: one may fail, and be made up for."""


async def check(deployment: Deployment) -> CheckResult:
    """Ask Prometheus how old the newest backup is that a restore has proven, and whether the next will be made."""
    place = Place.file(Paths.of(deployment.config).data_dir)
    if not makes_backups():
        what = "no backup of it is made: what is in it is lost with this disk"
        return not_done(POINT, place, what, "this version makes none: `investiq down`, then copy the folder elsewhere")
    now = await deployment.prometheus.now()
    proven, interval = [await latest(deployment.prometheus, name) for name in (PROVEN, INTERVAL)]
    if not proven:
        what = "no backup of it is proven: nobody knows whether one can be restored"
        return not_done(POINT, place, what, "`investiq backup`, then `investiq restore --verify`")
    of_when = f"{datetime.fromtimestamp(proven, UTC):%Y-%m-%d %H:%M} UTC"
    if not interval:
        what = f"the newest proven backup is of {of_when}, and nothing is scheduled to make the next"
        return not_done(POINT, place, what, "set backup.schedule, then `investiq down`, `investiq up`")
    age, due = (format_duration(timedelta(seconds=seconds)) for seconds in (now - proven, interval))
    if now - proven > _LATE * interval:
        what = f"the newest proven backup is {age} old, and one is due every {due}"
        return not_done(POINT, place, what, "`investiq backup` says what keeps it")
    return done(POINT, f"the backup of {of_when} was restored and held the same; the next is due {due} after it")


def makes_backups() -> bool:
    """Whether this version does."""
    return any(metric.name == PROVEN for metric in catalogue.ALL)


async def latest(prometheus: Prometheus, name: str) -> float:
    """The value of a metric that has one series; 0 where there is none."""
    samples = await prometheus.query(f"max({name})")
    return samples[0].value if samples and samples[0].is_number else 0.0

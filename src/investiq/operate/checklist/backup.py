"""Backup strategy implemented: a backup was made, restored elsewhere, and found to hold the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from investiq.clients.prometheus import Prometheus
from investiq.foundation.config import Paths
from investiq.foundation.durations import format_duration
from investiq.foundation.findings import CheckResult, Place
from investiq.foundation.telemetry.catalogue import (
    BACKUP_FAILED,
    BACKUP_INTERVAL,
    BACKUP_PROVEN,
    RESTORE_DOUBTED,
    Metric,
)
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import done, not_done
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check", "latest"]

POINT = ChecklistPoint.BACKUP

_LATE = 3
"""Intervals after which the newest proof is too old: one may fail, and be made up for."""


async def check(deployment: Deployment) -> CheckResult:
    """Ask Prometheus how old the newest backup is that a restore has proven, and whether the next will be made."""
    place = Place.file(Paths.of(deployment.config).data_dir)
    now = await deployment.prometheus.now()
    proven = await latest(deployment.prometheus, BACKUP_PROVEN)
    interval = await latest(deployment.prometheus, BACKUP_INTERVAL)
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
    if differences := await latest(deployment.prometheus, RESTORE_DOUBTED):
        what = f"the last verification found {differences:.0f} questions answered otherwise than before the backup"
        return not_done(POINT, place, what, "`investiq restore --verify` names them")
    if await latest(deployment.prometheus, BACKUP_FAILED):
        what = f"the newest proven backup is of {of_when}, and the last try of another failed"
        return not_done(POINT, place, what, "`investiq backup` says what keeps it")
    return done(POINT, f"the backup of {of_when} was restored and held the same; the next is due {due} after it")


async def latest(prometheus: Prometheus, metric: Metric) -> float:
    """The value of a metric that has one series; 0 where there is none."""
    samples = await prometheus.query(f"max({metric.name})")
    return samples[0].value if samples and samples[0].is_number else 0.0

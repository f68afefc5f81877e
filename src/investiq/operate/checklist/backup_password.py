"""The password of the backups is kept elsewhere: beside the backups alone, it is lost with the disk."""

from __future__ import annotations

from datetime import UTC, datetime

from investiq.foundation.findings import CheckResult, Place, PlaceKind
from investiq.foundation.telemetry.catalogue import BACKUP_MADE
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import done, not_done
from investiq.operate.checklist.backup import latest
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.BACKUP_PASSWORD


async def check(deployment: Deployment) -> CheckResult:
    """Whether there is anything that the password opens; where it is kept, a person says."""
    made = await latest(deployment.prometheus, BACKUP_MADE)
    if not made:
        what = "there are no backups yet whose password could be kept"
        return not_done(POINT, Place(PlaceKind.MACHINE, "this deployment"), what, "first the point `backup`")
    day = f"{datetime.fromtimestamp(made, UTC):%Y-%m-%d}"
    return done(POINT, f"the last backup is of {day}; no program can see whether its password is kept elsewhere")

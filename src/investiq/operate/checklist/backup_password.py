"""The password of the backups is kept elsewhere: beside the backups alone, it is lost with the disk."""

from __future__ import annotations

from investiq.foundation.findings import CheckResult, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import not_done
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.BACKUP_PASSWORD


async def check(_deployment: Deployment) -> CheckResult:
    """There is no repository yet whose password could be kept."""
    what = "there are no backups yet whose password could be kept"
    return not_done(POINT, Place(PlaceKind.MACHINE, "this deployment"), what, "first the point `backup`")

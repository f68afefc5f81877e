"""Backup strategy implemented: a backup was made, restored elsewhere, and found to hold the same."""

from __future__ import annotations

from investiq.foundation.config import Paths
from investiq.foundation.findings import CheckResult, Place
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import not_done
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.BACKUP


async def check(deployment: Deployment) -> CheckResult:
    """Nothing makes backups yet."""
    what = "no backup of it is made: what is in it is lost with this disk"
    fix = "this version makes none: `investiq down`, then copy the folder elsewhere"
    return not_done(POINT, Place.file(Paths.of(deployment.config).data_dir), what, fix)

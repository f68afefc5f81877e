"""Load testing performed."""

from __future__ import annotations

from investiq.foundation.findings import CheckResult, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import not_done
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.LOAD


async def check(_deployment: Deployment) -> CheckResult:
    """No report of a load test is kept yet."""
    what = "no load test of this deployment is known, and this version has none"
    return not_done(POINT, Place(PlaceKind.MACHINE, "this deployment"), what, "nothing of this version does it")

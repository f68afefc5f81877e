"""Alerts tested and verified: each has fired for a real fault, reached a receiver, and resolved."""

from __future__ import annotations

from investiq.foundation.findings import CheckResult, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import not_done
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.DRILLS


async def check(_deployment: Deployment) -> CheckResult:
    """Not proven yet: what tests prove of the rules says nothing about this machine and its receivers."""
    what = "not proven yet: no alert was made to fire here by a real fault, and this version has no drills that do it"
    fix = "nothing of this version; until then `investiq doctor alert` proves the way from Alertmanager to the inbox"
    return not_done(POINT, Place(PlaceKind.MACHINE, "this deployment"), what, fix)

"""The log of changes is whole: what the API found when it last went through it."""

from __future__ import annotations

from investiq.foundation import topology
from investiq.foundation.findings import CheckResult, Place, PlaceKind
from investiq.foundation.telemetry.catalogue import AUDIT_FAULTS
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import done, not_checked, not_done
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.AUDIT

_PLACE = Place(PlaceKind.PART, topology.API.name)


async def check(deployment: Deployment) -> CheckResult:
    """Ask Prometheus how many faults the API sees."""
    samples = await deployment.prometheus.query(f"max({AUDIT_FAULTS.name})")
    if not samples:
        what = "Prometheus has no answer of the API about the log"
        return CheckResult(POINT, findings=(not_checked(POINT, _PLACE, what, "`investiq audit --verify`"),))
    if samples[0].value > 0:
        what = f"the log of changes has {samples[0].value:.0f} faults: rows were altered, added or taken out"
        return not_done(POINT, _PLACE, what, "`investiq audit --verify` names the rows; its runbook is AuditLogBroken")
    return done(POINT, "the API goes through the log again and again, and its rows follow from each other")

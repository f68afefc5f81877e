"""Team trained on dashboard usage: only a person knows."""

from __future__ import annotations

from investiq.foundation.findings import CheckResult
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import done
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.TRAINING


async def check(_deployment: Deployment) -> CheckResult:
    """Nothing that a program could see."""
    return done(POINT, "no program can see whether whoever is paged knows the dashboards and the runbooks")

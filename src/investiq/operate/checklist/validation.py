"""Validation script passes."""

from __future__ import annotations

from investiq.foundation.findings import CheckResult
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import taken_over
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.VALIDATION


async def check(deployment: Deployment) -> CheckResult:
    """Every check of `investiq validate` was made now, and found nothing."""
    checked = await deployment.validated()
    evidence = f"`investiq validate` made {len(checked)} checks just now, and found nothing"
    return CheckResult(POINT, evidence, tuple(taken_over(POINT, checked)))

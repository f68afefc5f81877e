"""Alert rules reviewed and customised: that they are in force is seen here, that they fit a person has to say."""

from __future__ import annotations

from investiq.foundation.findings import CheckResult
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import taken_over
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.RULES


async def check(deployment: Deployment) -> CheckResult:
    """Prometheus judges by the rules that are rendered, and its alerts have somewhere to go."""
    checked = await deployment.validated(["rules", "alertmanager-known"])
    loaded = "; ".join(one.looked_at for one in checked if one.check == "rules")
    evidence = f"Prometheus evaluates {loaded}, each as it is rendered"
    return CheckResult(POINT, evidence, tuple(taken_over(POINT, checked)))

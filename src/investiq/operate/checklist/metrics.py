"""Prometheus metrics implemented in the API server."""

from __future__ import annotations

from investiq.foundation.findings import CheckResult
from investiq.foundation.telemetry import catalogue
from investiq.foundation.topology import API
from investiq.foundation.vocabulary import ChecklistPoint, Part
from investiq.operate.checklist.answers import taken_over
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.METRICS


async def check(deployment: Deployment) -> CheckResult:
    """Prometheus has a fresh sample of each metric that the catalogue promises of the API, with all its labels."""
    promised = [metric for metric in catalogue.ALL if Part.API in metric.parts]
    checked = await deployment.validated(["metrics"])
    findings = taken_over(POINT, checked, lambda finding: finding.is_unchecked or finding.place.name.endswith(API.job))
    evidence = f"Prometheus has fresh samples of all {len(promised)} metrics that the API promises (docs/metrics.md)"
    return CheckResult(POINT, evidence, tuple(findings))

"""Dashboard accessible and showing data: the console's, and Grafana's where it runs."""

from __future__ import annotations

from investiq.foundation import topology
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import lacking, taken_over
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.DASHBOARD


async def check(deployment: Deployment) -> CheckResult:
    """The page of the dashboards is served, and each query that it draws has data."""
    panels = await deployment.validated(["panels"])
    findings = [*await _page(deployment), *await _grafana(deployment), *taken_over(POINT, panels)]
    served = f"{topology.WEB.url(deployment.config)}/operations is served"
    if deployment.config.monitoring.grafana:
        served += ", and Grafana is well"
    drawn = "; ".join(one.looked_at for one in panels)
    return CheckResult(POINT, f"{served}; Prometheus answers {drawn}", tuple(findings))


async def _page(deployment: Deployment) -> list[Finding]:
    url = f"{topology.WEB.url(deployment.config)}/operations"
    answer = await deployment.own.ask(url)
    if answer.status == 200 and "<html" in answer.text:
        return []
    return [lacking(POINT, Place(PlaceKind.ADDRESS, url), f"it answers {answer.status}", "`investiq up web`")]


async def _grafana(deployment: Deployment) -> list[Finding]:
    """Whether Grafana itself is well; who may look at its dashboards is its own affair."""
    if not deployment.config.monitoring.grafana:
        return []
    url = f"{topology.GRAFANA.url(deployment.config)}/api/health"
    answer = await deployment.own.ask(url)
    document = answer.document if isinstance(answer.document, dict) else {}
    if document.get("database") == "ok":
        return []
    what = f"Grafana does not say that it is well: it answers {answer.status}"
    return [lacking(POINT, Place(PlaceKind.ADDRESS, url), what, "see its log, or set monitoring.grafana = false")]

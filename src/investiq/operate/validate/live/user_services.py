"""Whether the services of the user expose what their settings say: their dashboards and objectives rest on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from investiq.clients.prometheus import Prometheus
from investiq.foundation.config.schema import ServiceConfig
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.monitoring.exporters.scrape import UP
from investiq.monitoring.scraping.user_services import durations, requests
from investiq.monitoring.selectors import buckets, series
from investiq.operate.validate.live.context import ValidationContext
from investiq.promql.matcher import eq, ne
from investiq.promql.number import number_text

__all__ = ["check_own_services"]

CHECK = "own-services"


async def check_own_services(context: ValidationContext) -> CheckResult:
    """Histogram, status label and thresholds of each; one that is down is a finding of `targets`."""
    prometheus, services = context.prometheus, context.config.services
    if not services:
        return CheckResult(CHECK, "none: no [[services]] is configured")
    up = {sample.labels["job"] for sample in await prometheus.query(f"{series(UP)} == 1")}
    asked = [service for service in services if service.name in up]
    findings = [finding for service in asked for finding in [one async for one in _faults(prometheus, service)]]
    return CheckResult(CHECK, f"{len(asked)} of {len(services)} services of yours that are up", tuple(findings))


async def _faults(prometheus: Prometheus, service: ServiceConfig) -> AsyncIterator[Finding]:
    own, place = eq("job", service.name), Place(PlaceKind.TARGET, service.name)
    bounds = await prometheus.query(f"count by (le) ({buckets(durations(service), own)})")
    if not bounds:
        what = f"it exposes no histogram {service.duration_metric}"
        fix = "name its histogram of request durations with duration_metric, or send it a first request"
        yield Finding(CHECK, place, what, fix, "its durations are neither drawn nor judged by an objective")
    counted = service.requests_metric or f"{service.duration_metric}_count"
    if (bounds or service.requests_metric) and not await prometheus.query(
        f"count({requests(service, own, ne(service.status_label, ''))})"
    ):
        what = f"{counted} has no label {service.status_label}"
        fix = "name its label of the HTTP status with status_label, or a counter that has one with requests_metric"
        yield Finding(CHECK, place, what, fix, "its errors cannot be told from its successes")
    known = sorted(float(bound.labels["le"]) for bound in bounds)
    for objective in service.slos:
        if bounds and objective.threshold is not None and objective.threshold not in known:
            what = f"the threshold {number_text(objective.threshold)} of its latency lies between two buckets"
            fix = f"take a bucket bound of {service.duration_metric}: {', '.join(map(number_text, known))}"
            yield Finding(CHECK, place, what, fix, "requests can be counted as fast enough at a bucket bound only")

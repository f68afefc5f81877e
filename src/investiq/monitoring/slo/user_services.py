"""The SLOs of the user's services, from the histogram that `[[services]]` names."""

from __future__ import annotations

from collections.abc import Iterator

from investiq.foundation.config.schema import ServiceConfig, ServiceObjective
from investiq.foundation.vocabulary import Severity
from investiq.monitoring.scraping.user_services import durations, requests
from investiq.monitoring.selectors import observations
from investiq.monitoring.slo.indicators import availability, latency
from investiq.monitoring.slo.objective import BudgetingMethod, Events, Slo
from investiq.promql.matcher import eq, matching, not_matching
from investiq.promql.number import number_text

__all__ = ["of_service"]


def of_service(service: ServiceConfig) -> Iterator[Slo]:
    """One SLO for each objective of `service`."""
    for objective in service.slos:
        measured = _latency(service, objective.threshold) if objective.threshold else _availability(service)
        yield Slo(
            name=service.slo_name(objective),
            service=service.name,
            description=_promise(objective, service),
            objective=objective.objective,
            events=measured,
            page=Severity(service.severity),
            window_days=objective.window_days,
            # As for our own servers: a dead service fails no request, and the time in which it was dead must count.
            budgeting=BudgetingMethod.OCCURRENCES if objective.threshold else BudgetingMethod.RATIO_TIMESLICES,
        )


def _promise(objective: ServiceObjective, service: ServiceConfig) -> str:
    if objective.threshold:
        return f"a request is answered within {number_text(objective.threshold)} of {service.duration_metric}"
    return "a request is answered without a 5xx status" + (
        ", and the health check from outside succeeds" if service.health_path else ""
    )


def _availability(service: ServiceConfig) -> Events:
    own = eq("job", service.name)
    return availability(
        requests(service, own),
        requests(service, own, matching(service.status_label, "5..")),
        probed=service.name if service.health_path else None,
    )


def _latency(service: ServiceConfig, threshold: float) -> Events:
    own = eq("job", service.name)
    if service.requests_metric is not None:  # then the histogram has no status: what failed fast counts as fast
        return latency(durations(service), threshold, answered=(own,))
    failed = observations(durations(service), own, matching(service.status_label, "5.."))
    return latency(
        durations(service),
        threshold,
        answered=(own, not_matching(service.status_label, "5..")),
        unanswered=(failed,),
        indicator=observations(durations(service), own),
    )

"""Alerts about the servers that people and the agent talk to: dead, failing, slow, or cut off from what they need."""

from __future__ import annotations

from investiq.monitoring.alert import Alert, NoData, Severity
from investiq.monitoring.names import API, SIGNALS, WEB
from investiq.monitoring.promql import UP, buckets, eq, matching, ne, observations, series
from investiq.telemetry.catalogue import DEPENDENCY_HEALTH, REQUEST_DURATION, Subject

__all__ = ["ALERTS", "DEPENDENCY_DOWN", "HIGH_ERROR_RATE", "HIGH_LATENCY", "SERVICE_DOWN"]

# Scrapes, probes and heartbeats come every few seconds whatever users do, and /health answers 503 on purpose while a
# dependency is down: counted in, they would thin the ratio out on a quiet system and raise it for a fault that pages
# already.
_OF_USERS = ne("endpoint", "/health", "/metrics", "/internal/heartbeat")

_REQUESTS_FLOOR = 0.1  # requests a second, 30 in five minutes: below that a single failure would be a high ratio

SERVICE_DOWN = Alert(
    name="ServiceDown",
    subject=Subject.API,
    severity=Severity.CRITICAL,
    query=series(UP, eq("job", API, WEB)),
    op="==",
    threshold=0,
    hold_seconds=60,
    summary="{{ $labels.job }} does not answer at {{ $labels.instance }}",
    description=(
        "Prometheus has had no metrics from it for a minute. Without the API (investiq-api) there are no analyses, no "
        "orders and no halts, and open positions are not watched; without the frontend only its pages are missing, and "
        "the command line still works."
    ),
    no_data=NoData.QUIET,
)


def _requests_per_second(*matchers: str) -> str:
    return f"sum by (job) (rate({matchers[0]}[5m]))"


_ALL = _requests_per_second(observations(REQUEST_DURATION, eq("job", API, SIGNALS, WEB), _OF_USERS))
_FAILED = _requests_per_second(
    observations(REQUEST_DURATION, eq("job", API, SIGNALS, WEB), _OF_USERS, matching("status", "5.."))
)

HIGH_ERROR_RATE = Alert(
    name="HighErrorRate",
    subject=Subject.API,
    severity=Severity.CRITICAL,
    query=f"{_FAILED} / {_ALL}",
    op=">",
    threshold=0.05,
    guard=f"and {_ALL} > {_REQUESTS_FLOOR:g}",
    hold_seconds=120,
    summary="{{ $labels.job }} fails {{ $value | humanizePercentage }} of its requests",
    description=(
        "More than one request in twenty has been answered with a 5xx status over the last five minutes. Users and the "
        "agent get errors instead of analyses or orders; what was accepted before is kept in the ledger."
    ),
    no_data=NoData.QUIET,
)

_API_REQUESTS = observations(REQUEST_DURATION, eq("job", API), _OF_USERS)
_API_BUCKETS = buckets(REQUEST_DURATION, eq("job", API), _OF_USERS)

HIGH_LATENCY = Alert(
    name="HighLatency",
    subject=Subject.API,
    severity=Severity.WARNING,
    query=f"histogram_quantile(0.95, sum by (job, le) (rate({_API_BUCKETS}[5m])))",
    op=">",
    threshold=1000,
    guard=f"and {_requests_per_second(_API_REQUESTS)} > {_REQUESTS_FLOOR:g}",
    hold_seconds=300,
    summary='{{ $labels.job }}: one request in twenty takes longer than {{ $value | printf "%.0f" }} ms',
    description=(
        "The 95th percentile of the API's response time has been above one second for five minutes. Analyses and "
        "orders arrive late: a limit order may miss its price, and the agent goes through fewer symbols."
    ),
    no_data=NoData.QUIET,
)

_DEPENDENCY_LOSS = {
    "critical": (
        "Its checks have failed for a minute. Without the database or the broker no order is taken; without market "
        "data nothing is analysed and entries are denied. The API answers 503 on /health meanwhile."
    ),
    "warning": (
        "The API has not reached the signal models for two minutes, though they run. Analyses go on without that "
        "engine, and say so in their coverage."
    ),
}

DEPENDENCY_DOWN = Alert(
    name="DependencyDown",
    subject=Subject.API,
    severity=Severity.CRITICAL,
    query=series(DEPENDENCY_HEALTH, eq("job", API), ne("name", "signal_models")),
    op="==",
    threshold=0,
    hold_seconds=60,
    summary="the API has lost its {{ $labels.name }}",
    description=_DEPENDENCY_LOSS["critical"],
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

# Twice as patient as MLServiceDown, so that a dead signals service has paged, and mutes this, before it fires.
SIGNAL_MODELS_UNREACHABLE = Alert(
    name="DependencyDown",
    subject=Subject.API,
    severity=Severity.WARNING,
    query=series(DEPENDENCY_HEALTH, eq("job", API), eq("name", "signal_models")),
    op="==",
    threshold=0,
    hold_seconds=120,
    summary="the API has lost its {{ $labels.name }}",
    description=_DEPENDENCY_LOSS["warning"],
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

ALERTS = (SERVICE_DOWN, HIGH_ERROR_RATE, HIGH_LATENCY, DEPENDENCY_DOWN, SIGNAL_MODELS_UNREACHABLE)

"""Alerts about the servers that people and the agent talk to: dead, failing, slow, or cut off from what they need."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import (
    AUDIT_FAULTS,
    AUTH_FAILURES,
    DEPENDENCY_HEALTH,
    EVENT_LOOP_LAG,
    KEYS_EXPIRING,
    LOG_RECORDS,
    REQUEST_DURATION,
)
from investiq.foundation.topology import API, PROBES, SIGNALS, WEB
from investiq.foundation.vocabulary import Dependency, LogLevel, RestartAlert, Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.exporters.blackbox import PROBE_SUCCESS, PROBED
from investiq.monitoring.exporters.scrape import UP
from investiq.monitoring.recording import Recording
from investiq.monitoring.selectors import OF_USERS, buckets, observations, series
from investiq.promql.matcher import eq, matching, ne
from investiq.promql.number import number_text

__all__ = [
    "ALERTS",
    "API_SATURATED",
    "AUDIT_LOG_BROKEN",
    "DEPENDENCY_DOWN",
    "FRONTEND_DOWN",
    "HIGH_ERROR_RATE",
    "HIGH_LATENCY",
    "KEY_EXPIRING",
    "PROBE_FAILING",
    "RECORDINGS",
    "REQUEST_RATE",
    "SERVICE_ABSENT",
    "SERVICE_DOWN",
    "UNEXPECTED_ERRORS",
]

_REQUESTS_FLOOR = 0.1  # requests a second, 30 in five minutes: below that a single failure would be a high ratio

SERVICE_DOWN = Alert(
    name=RestartAlert.SERVICE_DOWN.value,
    subject=Subject.API,
    severity=Severity.CRITICAL,
    query=series(UP, eq("job", API.job)),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="{{ $labels.job }} does not answer at {{ $labels.instance }}",
    description=(
        "Prometheus has had no metrics from the API for a minute. Analyses, orders and halts are unavailable, "
        "and open positions are not monitored."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceAbsent",
)

FRONTEND_DOWN = Alert(
    name=RestartAlert.FRONTEND_DOWN.value,
    subject=Subject.API,
    # Not critical: the API trades on and guards the positions without its pages, and the command line shows the same.
    severity=Severity.WARNING,
    query=series(UP, eq("job", WEB.job)),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="the frontend does not answer at {{ $labels.instance }}",
    description=(
        "Prometheus has had no metrics from the frontend for a minute: the console is unavailable. Analyses, "
        "orders and halts still work, and the command line can do all of it."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceAbsent",
)

SERVICE_ABSENT = Alert(
    name=RestartAlert.SERVICE_ABSENT.value,
    subject=Subject.API,
    severity=Severity.CRITICAL,
    query=" or ".join(f"absent({series(UP, eq('job', job))})" for job in (API.job, SIGNALS.job, WEB.job)),
    for_seconds=300,
    summary="Prometheus has no target for {{ $labels.job }}",
    description=(
        "This job has had no target for five minutes: it is missing from the Prometheus configuration. It is "
        "not monitored, and none of its alerts can fire."
    ),
    no_data=NoData.QUIET,
)

_PROBES = eq("job", PROBES)


def _has_been_0(selector: str) -> str:
    """The services for which a series of theirs was 0 in the last minute."""
    return f'label_replace(min_over_time({selector}[1m]) == 0, "{PROBED}", "$1", "job", "(.+)")'


def _probe_failing(severity: Severity, of: str, *causes: str, lost: str) -> Alert:
    return Alert(
        name=RestartAlert.PROBE_FAILING.value,
        subject=Subject.API,
        severity=severity,
        query=of,
        op="==",
        threshold=0,
        # Muting is not enough: when the cause has gone the next probe is still to come, and this would page alone.
        extra_condition=" ".join(f"unless on ({PROBED}) {_has_been_0(cause)}" for cause in (series(UP), *causes)),
        for_seconds=120,
        service=None,
        summary=f"{{{{ $labels.{PROBED} }}}} fails its health check at {{{{ $labels.instance }}}}",
        description=(
            "Its health check has failed for two minutes, probed as a user would reach it, although it is still "
            f"scraped. {lost}"
        ),
        no_data=NoData.COVERED,
        covered_by="TargetMissing",
    )


_CRITICAL = ne("name", Dependency.SIGNAL_MODELS, Dependency.PRICE_FILES)
PROBE_FAILING = _probe_failing(
    Severity.CRITICAL,
    series(PROBE_SUCCESS, _PROBES, eq(PROBED, API.job)),
    series(DEPENDENCY_HEALTH, _CRITICAL),
    lost="Analyses and orders are probably failing for everyone; open positions may not be monitored.",
)
PROBE_OF_OTHERS_FAILING = _probe_failing(
    Severity.WARNING,
    series(PROBE_SUCCESS, _PROBES, ne(PROBED, API.job)),
    lost="Its users probably get errors or timeouts; trading continues.",
)


def _requests_per_second(selector: str) -> str:
    return f"sum by (job) (rate({selector}[5m]))"


REQUEST_RATE = Recording(
    name="job:investiq_requests:rate5m",
    subject=Subject.API,
    query=_requests_per_second(observations(REQUEST_DURATION, OF_USERS)),
)
"""Requests of users a second."""

_FAILED = _requests_per_second(observations(REQUEST_DURATION, OF_USERS, matching("status", "5..")))

ERROR_RATIO = Recording(
    name="job:investiq_request_errors:ratio_rate5m",
    subject=Subject.API,
    query=f"{_FAILED} / {series(REQUEST_RATE)}",
)
"""Share of the requests of users that were answered with a 5xx status."""

LATENCY_P95 = Recording(
    name="job:investiq_request_duration_milliseconds:p95_rate5m",
    subject=Subject.API,
    query=f"histogram_quantile(0.95, sum by (job, le) (rate({buckets(REQUEST_DURATION, OF_USERS)}[5m])))",
)
"""Milliseconds within which 95 % of the requests of users are answered."""

RECORDINGS = (REQUEST_RATE, ERROR_RATIO, LATENCY_P95)

HIGH_ERROR_RATE = Alert(
    name="HighErrorRate",
    subject=Subject.API,
    severity=Severity.CRITICAL,
    # Not the inbox and the agent: what they lose pages by itself.
    query=series(ERROR_RATIO, eq("job", API.job, SIGNALS.job, WEB.job)),
    op=">",
    threshold=0.05,
    extra_condition=f"and {series(REQUEST_RATE)} > {number_text(_REQUESTS_FLOOR)}",
    for_seconds=120,
    summary="{{ $labels.job }} error rate is {{ $value | humanizePercentage }}",
    description=(
        "More than 5 % of requests returned a 5xx status over the last five minutes. Users and the agent get "
        "errors instead of analyses or orders; orders accepted earlier are in the ledger."
    ),
    no_data=NoData.QUIET,
)

HIGH_LATENCY = Alert(
    name="HighLatency",
    subject=Subject.API,
    severity=Severity.WARNING,
    query=series(LATENCY_P95, eq("job", API.job)),
    op=">",
    threshold=1000,
    extra_condition=f"and {series(REQUEST_RATE)} > {number_text(_REQUESTS_FLOOR)}",
    for_seconds=300,
    summary='{{ $labels.job }} p95 latency is {{ $value | printf "%.0f" }} ms',
    description=(
        "The API's p95 latency has been above one second for five minutes. Analyses and orders are late: a "
        "limit order may miss its price, and the agent covers fewer symbols."
    ),
    no_data=NoData.QUIET,
)

API_SATURATED = Alert(
    name="ApiSaturated",
    subject=Subject.API,
    severity=Severity.WARNING,
    # Not the number of active requests: many may wait for nothing but a slow client. When the loop itself is late,
    # every request is, the halts among them.
    query=f"histogram_quantile(0.9, sum by (job, le) (rate({buckets(EVENT_LOOP_LAG, eq('job', API.job))}[5m])))",
    op=">",
    threshold=0.25,
    for_seconds=300,
    summary='{{ $labels.job }} is overloaded: its event loop is up to {{ $value | printf "%.2f" }} s late',
    description=(
        "The API has been overloaded for five minutes: one timer in ten ran more than 250 ms late, and every "
        "request, order and halt waits that long before it is handled."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

_GUESSED = eq("reason", "unknown_key", "metrics_token")  # not `missing` and `scope`: those are people's mistakes

AUTH_FAILURES_HIGH = Alert(
    name="AuthFailuresHigh",
    subject=Subject.API,
    severity=Severity.WARNING,
    query=f"sum by (job) (rate({series(AUTH_FAILURES, eq('job', API.job), _GUESSED)}[5m]))",
    op=">",
    threshold=0.1,
    for_seconds=120,
    summary='{{ $labels.job }} rejects {{ $value | printf "%.1f" }} invalid keys a second',
    description=(
        "More than thirty requests in five minutes used an unknown key or metrics token: a program still uses a "
        "revoked key, or somebody is guessing keys. All were rejected."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

_UNEXPECTED = eq("level", LogLevel.ERROR, LogLevel.CRITICAL)

UNEXPECTED_ERRORS = Alert(
    name="UnexpectedErrors",
    subject=Subject.API,
    severity=Severity.WARNING,
    # What is foreseen is logged as a warning, and has an alert of its own where somebody has to act.
    query=f"sum by (job) (increase({series(LOG_RECORDS, _UNEXPECTED)}[5m]))",
    op=">",
    threshold=0,
    for_seconds=0,
    summary='{{ $labels.job }} has logged {{ $value | printf "%.0f" }} errors that nobody foresaw',
    description=(
        "In the last five minutes it met something that it was not written for. What it did just then has failed, and "
        "may fail again; the log has the traceback."
    ),
    no_data=NoData.QUIET,
)

AUDIT_LOG_BROKEN = Alert(
    name="AuditLogBroken",
    subject=Subject.API,
    severity=Severity.WARNING,
    query=series(AUDIT_FAULTS, eq("job", API.job)),
    op=">",
    threshold=0,
    summary='the log of changes has {{ $value | printf "%.0f" }} faults: somebody wrote into its database',
    description=(
        "Rows of the audit log were altered or taken out, or it was cut off at its end. InvestIQ only ever adds rows: "
        "somebody with access to the database did this, or an older ledger was put in its place."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

KEY_EXPIRING = Alert(
    name="KeyExpiring",
    subject=Subject.API,
    severity=Severity.WARNING,
    query=series(KEYS_EXPIRING, eq("job", API.job)),
    op=">",
    threshold=0,
    for_seconds=600,
    summary='API keys that end soon, with nothing to replace them: {{ $value | printf "%.0f" }}',
    description=(
        "An API key ends within a week, or in the last fifth of its life, and there is no newer one of its name. From "
        "its end on, whatever shows it is refused."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

_DEPENDENCY_LOSS = {
    Severity.CRITICAL: (
        "Its health check has failed for a minute. Without the database or the broker, no orders are accepted; "
        "without market data, there are no analyses and entries are denied. Until it recovers, /health returns 503."
    ),
    Severity.WARNING: (
        "The API has not reached the signal models for two minutes, although they are up. Analyses continue "
        "without that engine, with lower coverage."
    ),
}

DEPENDENCY_DOWN = Alert(
    name=RestartAlert.DEPENDENCY_DOWN.value,
    subject=Subject.API,
    severity=Severity.CRITICAL,
    query=series(DEPENDENCY_HEALTH, eq("job", API.job), _CRITICAL),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="the API has lost its {{ $labels.name }}",
    description=_DEPENDENCY_LOSS[Severity.CRITICAL],
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

# Twice as patient as MLServiceDown, so that a dead signals service has paged, and mutes this, before it fires.
SIGNAL_MODELS_UNREACHABLE = Alert(
    name=RestartAlert.DEPENDENCY_DOWN.value,
    subject=Subject.API,
    severity=Severity.WARNING,
    query=series(DEPENDENCY_HEALTH, eq("job", API.job), eq("name", Dependency.SIGNAL_MODELS)),
    op="==",
    threshold=0,
    for_seconds=120,
    summary="the API has lost its {{ $labels.name }}",
    description=_DEPENDENCY_LOSS[Severity.WARNING],
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

ALERTS = (
    SERVICE_DOWN,
    FRONTEND_DOWN,
    SERVICE_ABSENT,
    PROBE_FAILING,
    PROBE_OF_OTHERS_FAILING,
    HIGH_ERROR_RATE,
    HIGH_LATENCY,
    DEPENDENCY_DOWN,
    SIGNAL_MODELS_UNREACHABLE,
    API_SATURATED,
    AUTH_FAILURES_HIGH,
    UNEXPECTED_ERRORS,
    AUDIT_LOG_BROKEN,
    KEY_EXPIRING,
)

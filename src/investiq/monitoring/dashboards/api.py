"""The servers as their users meet them: requests, errors, waiting, what they depend on, and whom they refuse."""

from __future__ import annotations

from investiq.foundation.contract.panels import RATE_INTERVAL, PanelState, PanelUnit, PanelView
from investiq.foundation.telemetry.catalogue import (
    ACTIVE_CONNECTIONS,
    AUTH_FAILURES,
    BACKGROUND_FAILURES,
    BUILD_INFO,
    DATABASE_WAITS,
    DEPENDENCY_HEALTH,
    ERRORS,
    EVENT_LOOP_LAG,
    LOG_RECORDS,
    RATE_LIMITED,
    REQUEST_DURATION,
    REQUESTS,
    SPANS,
)
from investiq.foundation.topology import API
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.dashboards.panel import TARGET, Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import latest, of_alert, per_second, quantile, share, summed
from investiq.monitoring.dashboards.red import red_panels
from investiq.monitoring.exporters.blackbox import PROBE_SUCCESS, PROBED
from investiq.monitoring.rules.api import (
    API_SATURATED,
    AUDIT_LOG_BROKEN,
    AUTH_FAILURES_HIGH,
    DEPENDENCY_DOWN,
    HIGH_ERROR_RATE,
    HIGH_LATENCY,
    KEY_EXPIRING,
    PROBE_FAILING,
    UNEXPECTED_ERRORS,
)
from investiq.monitoring.selectors import OF_USERS, buckets, observations
from investiq.promql.matcher import eq, matching

__all__ = ["CONNECTIONS", "DASHBOARD", "DEPENDENCIES", "ERROR_RATE", "LATENCY", "REQUESTS_ANSWERED"]

_FAILED = matching("status", "5..")

REQUESTS_ANSWERED = Panel(
    title="Requests",
    description=(
        "Requests answered a second by each server, those of probes and scrapes included, so it is never 0 while a "
        "server lives. A line that ends: the server is down or not scraped."
    ),
    unit=PanelUnit.REQUESTS_PER_SECOND,
    queries=(Query(per_second(REQUESTS, by=("job",)), "{{job}}"),),
)

ERROR_RATE = Panel(
    title="Error rate",
    description=(
        "Share of all requests that were answered with a 5xx status, those of probes included: a health check answers "
        "503 while something critical is lost. Above 0, some request failed."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(share(per_second(ERRORS, by=("job",)), per_second(REQUESTS, by=("job",))), "{{job}}"),),
)

_REQUESTS_OF_USERS, _FAILED_OF_USERS, LATENCY = red_panels(
    REQUEST_DURATION, PanelUnit.MILLISECONDS, _FAILED, OF_USERS, alerts=(HIGH_LATENCY,)
)

_ERRORS_AS_ALERTED = Panel(
    title="Error ratio that is alerted on",
    description=(
        "Share of the requests of users over five minutes that got a 5xx status, as HighErrorRate measures it. Above "
        "the line users and the agent get errors instead of analyses and orders."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(of_alert(HIGH_ERROR_RATE), "{{job}}"),),
    alerts=(HIGH_ERROR_RATE,),
    emptiness="no user requests in this range",
)

_LATENCY_AS_ALERTED = Panel(
    title="95th percentile that is alerted on",
    description=(
        "Milliseconds within which 95 % of the API's requests of users were answered over five minutes, as "
        "HighLatency measures it. Above the line analyses and orders arrive late."
    ),
    unit=PanelUnit.MILLISECONDS,
    queries=(Query(of_alert(HIGH_LATENCY), "{{job}}"),),
    alerts=(HIGH_LATENCY,),
)

_SLOWEST = Panel(
    title="Slowest endpoints",
    description="95th percentile of the last minutes by endpoint: where the time goes when latency rises.",
    unit=PanelUnit.MILLISECONDS,
    view=PanelView.TABLE,
    queries=(
        Query(
            "topk(10, histogram_quantile(0.95, sum by (job, endpoint, le) "
            f"(rate({buckets(REQUEST_DURATION, *TARGET, OF_USERS)}[{RATE_INTERVAL}]))) >= 0)",
            "{{job}} {{endpoint}}",
        ),
    ),
    width=12,
)

_STATUSES = Panel(
    title="Answers by status",
    description=(
        "Responses a second by their HTTP status. 401 and 403 are refused keys, 409 a denied order, 422 a malformed "
        "request, 429 a rate limit; 5xx are faults of the server."
    ),
    unit=PanelUnit.REQUESTS_PER_SECOND,
    queries=(
        Query(
            f"sum by (status) (rate({observations(REQUEST_DURATION, *TARGET)}[{RATE_INTERVAL}]))",
            "{{status}}",
        ),
    ),
)

CONNECTIONS = Panel(
    title="Active connections",
    description=("Requests in flight. Many for long: clients are waiting; check dependencies and event loop lag."),
    unit=PanelUnit.COUNT,
    queries=(Query(summed(ACTIVE_CONNECTIONS, by=("job",)), "{{job}}"),),
)

_SATURATION = Panel(
    title="Event loop lag",
    description=(
        "How late the API's event loop runs nine of ten timers, as ApiSaturated measures it. Every request, "
        "order and halt waits that long before it is handled."
    ),
    unit=PanelUnit.SECONDS,
    queries=(Query(of_alert(API_SATURATED), "{{job}}"),),
    alerts=(API_SATURATED,),
)

_LATENESS_OF_ALL = Panel(
    title="Event loop lag of every server",
    description="p99 lag of each event loop. A lagging server is overloaded.",
    unit=PanelUnit.SECONDS,
    queries=(Query(quantile(0.99, EVENT_LOOP_LAG, by=("job",)), "{{job}}"),),
)

DEPENDENCIES = Panel(
    title="Dependencies",
    description="What the API needs, as its own checks see it. Without one that is critical it answers 503 on /health.",
    unit=PanelUnit.STATE,
    view=PanelView.STATES,
    queries=(Query(latest(DEPENDENCY_HEALTH, eq("job", API.job)), "{{name}}"),),
    alerts=(DEPENDENCY_DOWN,),
    states={1: ("up", PanelState.GOOD), 0: ("down", PanelState.BAD)},
)

_PROBES = Panel(
    title="Health checks from outside",
    description=(
        "Whether each service passes its health check, probed as a user would reach it. Failing while it is "
        "still scraped: it is up, but refuses requests or hangs."
    ),
    unit=PanelUnit.STATE,
    view=PanelView.STATES,
    queries=(Query(latest(PROBE_SUCCESS), f"{{{{{PROBED}}}}}"),),
    alerts=(PROBE_FAILING,),
    states={1: ("well", PanelState.GOOD), 0: ("failing", PanelState.BAD)},
)

_REFUSALS = Panel(
    title="Rejected keys",
    description=(
        "Requests a second that were refused for their key or token. `unknown_key` and `metrics_token` are guesses or "
        "revoked keys; `missing` and `scope` are people's mistakes."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(AUTH_FAILURES, by=("reason",)), "{{reason}}"),),
    width=8,
)

_WRONG_KEYS = Panel(
    title="Wrong keys that are alerted on",
    description="Requests a second with a key or metrics token that does not exist, as AuthFailuresHigh measures them.",
    unit=PanelUnit.PER_SECOND,
    queries=(Query(of_alert(AUTH_FAILURES_HIGH), "{{job}}"),),
    alerts=(AUTH_FAILURES_HIGH,),
    width=8,
)

_RATE_LIMITED = Panel(
    title="Rate limits",
    description="Requests per second rejected with 429: a client exceeds its rate limit.",
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(RATE_LIMITED, by=("limit",)), "{{limit}}"),),
    width=8,
)

_BACKGROUND = Panel(
    title="Background steps that failed",
    description=(
        "Failures per second of the API's background tasks. `trading` fills orders and runs the breaker: when "
        "it fails, positions are not guarded. Each failure is in the API's log."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(BACKGROUND_FAILURES, by=("task",)), "{{task}}"),),
)

_DATABASE_WAITS = Panel(
    title="Waits for the database",
    description=(
        "Requests that found no connection to the database free: it came within two seconds, or they gave up and were "
        "answered 503. Trading and halts have connections of their own and do not wait behind them."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(DATABASE_WAITS, by=("outcome",)), "{{outcome}}"),),
    width=24,
)

_LOG_LINES = Panel(
    title="Lines logged",
    description=(
        "Lines a second that the servers write, by level. `investiq logs --level warning` shows those from warning on, "
        "of all parts in the order of time."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(LOG_RECORDS, by=("level",)), "{{level}}"),),
    width=8,
)

_UNEXPECTED = Panel(
    title="Errors that nobody foresaw",
    description=(
        "Lines of level error and critical in five minutes, as UnexpectedErrors counts them. `investiq logs --level "
        "error` shows them."
    ),
    unit=PanelUnit.COUNT,
    queries=(Query(of_alert(UNEXPECTED_ERRORS), "{{job}}"),),
    alerts=(UNEXPECTED_ERRORS,),
    width=8,
)

_SPANS = Panel(
    title="Spans of traces",
    description=(
        "Spans a second that were to be kept, by where they went and what became of them. `dropped` and `failed` are "
        "lost: the collector does not answer, or the disk takes no more. Without [tracing] there are none."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(SPANS, by=("destination", "outcome")), "{{destination}} {{outcome}}"),),
    width=8,
)

_AUDIT_FAULTS = Panel(
    title="Faults in the log of changes",
    description=(
        "Rows of the audit log that were altered, added or taken out, as the API finds them when it goes through it "
        "again and again. `investiq audit --verify` names them."
    ),
    unit=PanelUnit.COUNT,
    queries=(Query(of_alert(AUDIT_LOG_BROKEN), "faults"),),
    alerts=(AUDIT_LOG_BROKEN,),
    width=12,
)

_KEYS_EXPIRING = Panel(
    title="API keys that end soon",
    description="Keys that end within a week, or in the last fifth of their life, and that no newer key replaces.",
    unit=PanelUnit.COUNT,
    queries=(Query(of_alert(KEY_EXPIRING), "keys"),),
    alerts=(KEY_EXPIRING,),
    width=12,
)

_VERSIONS = Panel(
    title="Versions that run",
    description="Version of InvestIQ and of Python for each server. Two versions at once: a deployment is incomplete.",
    unit=PanelUnit.STATE,
    view=PanelView.TABLE,
    queries=(Query(latest(BUILD_INFO), "{{job}} {{version}}, Python {{python}}"),),
    width=24,
)

DASHBOARD = Dashboard(
    name=Subject.API.value,
    title="InvestIQ API",
    description="Requests, errors, waiting and dependencies of the servers.",
    subject=Subject.API,
    targets=REQUESTS,
    rows=(
        Row("Requests of users", (_REQUESTS_OF_USERS, _FAILED_OF_USERS, LATENCY)),
        Row("As alerted on", (_ERRORS_AS_ALERTED, _LATENCY_AS_ALERTED)),
        Row("Every request", (REQUESTS_ANSWERED, ERROR_RATE, _STATUSES, _SLOWEST)),
        Row("Dependencies and probes", (DEPENDENCIES, _PROBES)),
        Row("Saturation", (CONNECTIONS, _SATURATION, _LATENESS_OF_ALL, _BACKGROUND, _DATABASE_WAITS)),
        Row("Logs and traces", (_LOG_LINES, _UNEXPECTED, _SPANS)),
        Row("Refusals and versions", (_REFUSALS, _WRONG_KEYS, _RATE_LIMITED, _AUDIT_FAULTS, _KEYS_EXPIRING, _VERSIONS)),
    ),
)

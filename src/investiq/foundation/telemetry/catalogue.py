"""Every metric that InvestIQ emits: name, kind, labels with their closed value sets, unit, help. Written once, here.

Registration, rules, dashboards and documents refer to these objects and never type a name again. A label's values are
all known in advance (no symbol, order id, path or user ever becomes a label), except the route template, method and
status of a request, which the running server closes (see `serving.middleware`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any

from investiq.foundation.vocabulary import (
    NODE_JOB,
    Action,
    AlertStatus,
    BackupPart,
    BeatOutcome,
    CycleOutcome,
    DenialReason,
    Dependency,
    Door,
    EdgeAnswer,
    EngineName,
    EngineStatus,
    HaltReason,
    LogLevel,
    MarketPhase,
    ModelFeature,
    OrderOutcome,
    OrderStatus,
    Part,
    SilenceFault,
    SpanDestination,
    SpanOutcome,
    Subject,
)

__all__ = [
    "ALL",
    "Kind",
    "Label",
    "Metric",
    "families",
    "of_part",
]


class Kind(StrEnum):
    """The Prometheus type."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Label:
    """A label and its closed set of values; `values` is None where the running server closes the set."""

    name: str
    values: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family.

    Attributes:
        name: full exposed name (a counter's ends in `_total`).
        unit: of the value: seconds, milliseconds, dollars, ratio, or "" for a count or a 0/1 state.
        parts: the processes that emit it.
        absent: what it means when Prometheus has no sample of it.
        unused_because: why no rule, panel or SLO looks at it; empty where one does.
        bounds: the smallest and the largest value of a gauge; None where there is no such limit.
        textfile: what has no /metrics of its own writes it to a file, which the node exporter exposes.
    """

    name: str
    kind: Kind
    subject: Subject
    help: str
    parts: tuple[Part, ...]
    labels: tuple[Label, ...] = ()
    unit: str = ""
    buckets: tuple[float, ...] = ()
    absent: str = "the process that emits it is down or not scraped"
    unused_because: str = ""
    bounds: tuple[float, float] | None = None
    textfile: bool = False

    @property
    def jobs(self) -> tuple[str, ...]:
        """The scrape jobs that have it."""
        return (NODE_JOB,) if self.textfile else tuple(part.value for part in self.parts)

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def known_label_sets(self) -> tuple[tuple[str, ...], ...]:
        """Every combination of label values that can be known in advance; empty where a label is not closed here."""
        closed = [label.values for label in self.labels if label.values is not None]
        return tuple(product(*closed)) if len(closed) == len(self.labels) else ()


def _all(words: type[StrEnum], *, but: Collection[str] = ()) -> tuple[str, ...]:
    """Plain text, as it is exposed: in a message the member of an enumeration would show as one."""
    return tuple(word.value for word in words if word not in but)


STATE = (0.0, 1.0)
"""Bounds of what is 1 or 0."""

SERVERS = tuple(Part)

MODEL_FEATURES = _all(ModelFeature)
ORDER_OUTCOMES = _all(OrderStatus, but=(OrderStatus.PENDING_NEW, OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED))
BREAKER_MEASURES = (HaltReason.DAILY_LOSS.value, HaltReason.DRAWDOWN.value)

_CALL_SECONDS = (0.005, 0.025, 0.1, 0.5, 2.5)
"""Of what is watched by name and judged by nothing: each bound costs a series for every name."""
_FAST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# ---- api: what every HTTP server of ours tells (the contract names; the scrape job tells the servers apart) ----

REQUESTS = Metric("investiq_requests_total", Kind.COUNTER, Subject.API, "HTTP requests answered.", SERVERS)
ERRORS = Metric("investiq_errors_total", Kind.COUNTER, Subject.API, "HTTP responses with a 5xx status.", SERVERS)
REQUEST_DURATION = Metric(
    "investiq_request_duration_milliseconds",
    Kind.HISTOGRAM,
    Subject.API,
    "Time from a request's first byte to its response's last, in milliseconds.",
    SERVERS,
    (Label("endpoint"), Label("method"), Label("status")),
    unit="milliseconds",
    buckets=(10, 50, 100, 250, 500, 1000, 2500, 5000),  # each costs a series for every endpoint, method and status
)
ACTIVE_CONNECTIONS = Metric(
    "investiq_active_connections", Kind.GAUGE, Subject.API, "Requests being served now.", SERVERS
)
EVENT_LOOP_LAG = Metric(
    "investiq_event_loop_lag_seconds",
    Kind.HISTOGRAM,
    Subject.API,
    "How much later than planned the event loop ran a timer, twice a second: every request waits as long.",
    SERVERS,
    unit="seconds",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)
BUILD_INFO = Metric(
    "investiq_build_info",
    Kind.GAUGE,
    Subject.API,
    "1, with the version that runs.",
    SERVERS,
    (Label("version"), Label("python")),
    bounds=STATE,
)
LOG_RECORDS = Metric(
    "investiq_log_records_total",
    Kind.COUNTER,
    Subject.API,
    "Lines written to the log, by level.",
    SERVERS,
    (Label("level", _all(LogLevel)),),
)
SPANS = Metric(
    "investiq_spans_total",
    Kind.COUNTER,
    Subject.API,
    "Spans that were to be kept, by what became of them; dropped: more came than could be taken away.",
    SERVERS,
    (Label("destination", _all(SpanDestination)), Label("outcome", _all(SpanOutcome))),
)
DEPENDENCY_HEALTH = Metric(
    "investiq_dependency_health",
    Kind.GAUGE,
    Subject.API,
    "1 when the dependency answered its last check, else 0.",
    (Part.API,),
    (Label("name", _all(Dependency)),),
    bounds=STATE,
)
AUTH_FAILURES = Metric(
    "investiq_auth_failures_total",
    Kind.COUNTER,
    Subject.API,
    "Requests refused for their key or token.",
    (Part.API,),
    (Label("reason", ("missing", "unknown_key", "scope", "metrics_token", "heartbeat_token", "edge_token")),),
)
AUDIT_FAULTS = Metric(
    "investiq_audit_log_faults",
    Kind.GAUGE,
    Subject.API,
    "What the API found wrong in the log of changes: rows that were altered, added or taken out.",
    (Part.API,),
)
KEYS_EXPIRING = Metric(
    "investiq_api_keys_expiring",
    Kind.GAUGE,
    Subject.API,
    "API keys that end within a week, or in the last fifth of their life, and that no newer key replaces.",
    (Part.API,),
)
RATE_LIMITED = Metric(
    "investiq_rate_limited_total",
    Kind.COUNTER,
    Subject.API,
    "Requests refused with 429.",
    (Part.API,),
    (Label("limit", ("requests", "keyless", "wrong_keys", "logins", "trades")),),
)
BACKGROUND_FAILURES = Metric(
    "investiq_background_failures_total",
    Kind.COUNTER,
    Subject.API,
    "Steps of the API's background work that failed.",
    (Part.API,),
    (Label("task", ("trading", "market", "health", "lookout", "silences", "audit", "keys", "price_files")),),
)
DATABASE_WAITS = Metric(
    "investiq_database_connection_waits_total",
    Kind.COUNTER,
    Subject.API,
    "Times that a request found no connection to the database free: it got one, or gave up after two seconds.",
    (Part.API,),
    (Label("outcome", ("got", "gave_up")),),
)

# ---- market ----

MARKET_DATA_AGE = Metric(
    "investiq_market_data_age_seconds",
    Kind.GAUGE,
    Subject.MARKET,
    "Open-market seconds since the newest price; a closed market does not age.",
    (Part.API,),
    unit="seconds",
)
MARKET_DATA_AGE_LIMIT = Metric(
    "investiq_market_data_age_limit_seconds",
    Kind.GAUGE,
    Subject.MARKET,
    "Age of the newest price from which nothing is bought and the market data counts as down: a setting.",
    (Part.API,),
    unit="seconds",
)
PRICE_FILES_REJECTED = Metric(
    "investiq_price_files_rejected",
    Kind.GAUGE,
    Subject.MARKET,
    "Files that have changed while they were served and are not taken over, since they are bad or gone.",
    (Part.API,),
)
MARKET_TIME = Metric(
    "investiq_market_timestamp_seconds",
    Kind.GAUGE,
    Subject.MARKET,
    "Market time, in Unix seconds.",
    (Part.API,),
    unit="seconds",
)
MARKET_OPEN_TIME = Metric(
    "investiq_market_open_time_seconds",
    Kind.GAUGE,
    Subject.MARKET,
    "Market time in which the market was open, summed since 1970: it stands still while the market is closed.",
    (Part.API,),
    unit="seconds",
)
MARKET_SPEED = Metric(
    "investiq_market_speed_ratio",
    Kind.GAUGE,
    Subject.MARKET,
    "Seconds of open market that pass in a second of wall time, over a whole replayed session; 1 without a replay.",
    (Part.API,),
    unit="ratio",
)
MARKET_PHASE = Metric(
    "investiq_market_phase",
    Kind.GAUGE,
    Subject.MARKET,
    "1 for the phase that the market is in, else 0.",
    (Part.API,),
    (Label("phase", _all(MarketPhase)),),
    bounds=STATE,
)
PROVIDER_CALLS = Metric(
    "investiq_provider_calls_total",
    Kind.COUNTER,
    Subject.MARKET,
    "Calls to the price provider.",
    (Part.API,),
    (Label("operation", ("bars", "headlines", "fundamentals")), Label("outcome", ("ok", "failed"))),
)
PROVIDER_CALL_DURATION = Metric(
    "investiq_provider_call_duration_seconds",
    Kind.HISTOGRAM,
    Subject.MARKET,
    "Time of a call to the price provider.",
    (Part.API,),
    (Label("operation", ("bars", "headlines", "fundamentals")),),
    unit="seconds",
    buckets=_CALL_SECONDS,
)

# ---- analysis ----

ANALYSES = Metric("investiq_analyses_total", Kind.COUNTER, Subject.ANALYSIS, "Analyses performed.", (Part.API,))
ENGINE_RESULTS = Metric(
    "investiq_engine_results_total",
    Kind.COUNTER,
    Subject.ANALYSIS,
    "Results of analysis engines.",
    (Part.API,),
    (Label("engine", _all(EngineName)), Label("status", _all(EngineStatus))),
)
ENGINE_DURATION = Metric(
    "investiq_engine_duration_seconds",
    Kind.HISTOGRAM,
    Subject.ANALYSIS,
    "Time that an analysis engine took.",
    (Part.API,),
    (Label("engine", _all(EngineName)),),
    unit="seconds",
    buckets=_CALL_SECONDS,
)

# ---- trading ----

TRADES = Metric("investiq_trades_total", Kind.COUNTER, Subject.TRADING, "Executed trades: orders filled.", (Part.API,))
TRADING_HALTED = Metric(
    "investiq_trading_halted",
    Kind.GAUGE,
    Subject.TRADING,
    "1 while the breaker denies entries.",
    (Part.API,),
    bounds=STATE,
)
BREAKER_TRIPS = Metric(
    "investiq_breaker_trips_total",
    Kind.COUNTER,
    Subject.TRADING,
    "Times that the breaker tripped.",
    (Part.API,),
    (Label("reason", _all(HaltReason, but=(HaltReason.UNREADABLE,))),),
)
MONITORING_REQUIRED = Metric(
    "investiq_monitoring_required",
    Kind.GAUGE,
    Subject.TRADING,
    "1 where trading needs the heartbeat of the monitoring, 0 where require_monitoring = false.",
    (Part.API,),
    bounds=STATE,
)
HEARTBEAT_EVALUATED = Metric(
    "investiq_heartbeat_evaluated_timestamp_seconds",
    Kind.GAUGE,
    Subject.TRADING,
    "When Prometheus evaluated the youngest heartbeat that reached the API, in Unix seconds; 0 before the first.",
    (Part.API,),
    unit="seconds",
)
HEARTBEAT_AWAITED = Metric(
    "investiq_heartbeat_awaited",
    Kind.GAUGE,
    Subject.TRADING,
    "1 while trading is halted for nothing but the first heartbeat since the API's start, which ends it.",
    (Part.API,),
    bounds=STATE,
)
HEARTBEATS = Metric(
    "investiq_heartbeats_total",
    Kind.COUNTER,
    Subject.TRADING,
    "Heartbeats delivered to the API, by what became of them.",
    (Part.API,),
    (Label("outcome", _all(BeatOutcome)),),
)
ORDERS = Metric(
    "investiq_orders_total",
    Kind.COUNTER,
    Subject.TRADING,
    "Orders by where they ended.",
    (Part.API,),
    (Label("outcome", ORDER_OUTCOMES),),
)
ORDER_DENIALS = Metric(
    "investiq_order_denials_total",
    Kind.COUNTER,
    Subject.TRADING,
    "Orders denied before they reached the broker, by the rule that denied.",
    (Part.API,),
    (Label("reason", _all(DenialReason)),),
)
ORDER_ACKNOWLEDGEMENT = Metric(
    "investiq_order_acknowledgement_seconds",
    Kind.HISTOGRAM,
    Subject.TRADING,
    "Wall time from the kept intent to the broker's acknowledgement.",
    (Part.API,),
    unit="seconds",
    buckets=_FAST_SECONDS,
)
EQUITY = Metric(
    "investiq_equity_dollars",
    Kind.GAUGE,
    Subject.TRADING,
    "Cash and positions at the latest prices.",
    (Part.API,),
    unit="dollars",
)
DRAWDOWN = Metric(
    "investiq_drawdown_ratio",
    Kind.GAUGE,
    Subject.TRADING,
    "Fall of equity from its highest, as a share of it.",
    (Part.API,),
    unit="ratio",
)
DAILY_LOSS = Metric(
    "investiq_daily_loss_ratio",
    Kind.GAUGE,
    Subject.TRADING,
    "Realised and unrealised loss of this session, as a share of its opening equity.",
    (Part.API,),
    unit="ratio",
)

BREAKER_LOSS = Metric(
    "investiq_breaker_loss_ratio",
    Kind.GAUGE,
    Subject.TRADING,
    "Loss as the breaker measures it, which a resume starts anew; not a number while its state cannot be read.",
    (Part.API,),
    (Label("measure", BREAKER_MEASURES),),
    unit="ratio",
)
BREAKER_LIMIT = Metric(
    "investiq_breaker_limit_ratio",
    Kind.GAUGE,
    Subject.TRADING,
    "Loss at which the breaker trips: a setting.",
    (Part.API,),
    (Label("measure", BREAKER_MEASURES),),
    unit="ratio",
)
AGENT_CYCLES = Metric(
    "investiq_agent_cycles_total",
    Kind.COUNTER,
    Subject.TRADING,
    "Cycles of the agent; a failed one did not get through its watchlist.",
    (Part.AGENT,),
    (Label("outcome", _all(CycleOutcome)),),
)
AGENT_CYCLE_DURATION = Metric(
    "investiq_agent_cycle_duration_seconds",
    Kind.HISTOGRAM,
    Subject.TRADING,
    "Wall time of a cycle of the agent, without the wait after it.",
    (Part.AGENT,),
    unit="seconds",
    buckets=(*_FAST_SECONDS, 30.0, 60.0),
)
AGENT_INTERVAL = Metric(
    "investiq_agent_cycle_interval_seconds",
    Kind.GAUGE,
    Subject.TRADING,
    "Wall time from the start of the agent's last finished cycle to the next one, as the agent has planned it.",
    (Part.AGENT,),
    unit="seconds",
)
AGENT_MARKET_TIME = Metric(
    "investiq_agent_market_timestamp_seconds",
    Kind.GAUGE,
    Subject.TRADING,
    "Market time at which the agent's last finished cycle began, in Unix seconds; 0 before the first.",
    (Part.AGENT,),
    unit="seconds",
)
AGENT_OPEN_TIME = Metric(
    "investiq_agent_market_open_time_seconds",
    Kind.GAUGE,
    Subject.TRADING,
    "The same moment as investiq_market_open_time_seconds counts it; 0 before the first finished cycle.",
    (Part.AGENT,),
    unit="seconds",
)
AGENT_DECISIONS = Metric(
    "investiq_agent_decisions_total",
    Kind.COUNTER,
    Subject.TRADING,
    "Decisions of the agent; it waits while halted or with an open order, and decides again in each cycle.",
    (Part.AGENT,),
    (Label("action", _all(Action)),),
)
AGENT_ORDERS = Metric(
    "investiq_agent_orders_total",
    Kind.COUNTER,
    Subject.TRADING,
    "Orders of the agent; a repeated one was known already, of a failed one nothing is known.",
    (Part.AGENT,),
    (Label("outcome", _all(OrderOutcome)),),
)

# ---- signals ----

MODEL_LOADED = Metric(
    "investiq_model_loaded",
    Kind.GAUGE,
    Subject.SIGNALS,
    "1 while a verified model serves.",
    (Part.SIGNALS,),
    bounds=STATE,
)
MODEL_TRAINED = Metric(
    "investiq_model_trained_timestamp_seconds",
    Kind.GAUGE,
    Subject.SIGNALS,
    "When the serving model was trained, in Unix seconds; 0 without a model.",
    (Part.SIGNALS,),
    unit="seconds",
)
MODEL_TRAINED_UNTIL = Metric(
    "investiq_model_trained_until_timestamp_seconds",
    Kind.GAUGE,
    Subject.SIGNALS,
    "Last session that the serving model learned from, in Unix seconds of market time; not a number without one.",
    (Part.SIGNALS,),
    unit="seconds",
)
MODEL_AGE_LIMIT = Metric(
    "investiq_model_age_limit_seconds",
    Kind.GAUGE,
    Subject.SIGNALS,
    "Age from which the model counts as stale: a setting.",
    (Part.SIGNALS,),
    unit="seconds",
)
FEATURE_DRIFT = Metric(
    "investiq_feature_drift_psi",
    Kind.GAUGE,
    Subject.SIGNALS,
    "Population stability index of a feature, recent requests against training; not a number until they are enough.",
    (Part.SIGNALS,),
    (Label("feature", MODEL_FEATURES),),
)
PREDICTION_DRIFT = Metric(
    "investiq_prediction_drift_psi",
    Kind.GAUGE,
    Subject.SIGNALS,
    "Population stability index of the predicted probability, as investiq_feature_drift_psi.",
    (Part.SIGNALS,),
)
DRIFT_ROWS = Metric(
    "investiq_drift_window_rows",
    Kind.GAUGE,
    Subject.SIGNALS,
    "Recent requests that drift is measured on; a symbol counts once for a session.",
    (Part.SIGNALS,),
)
PREDICTIONS = Metric(
    "investiq_predictions_total",
    Kind.COUNTER,
    Subject.SIGNALS,
    "Predictions asked for.",
    (Part.SIGNALS,),
    (Label("outcome", ("ok", "too_few_bars", "invalid", "no_model", "failed")),),
)
PREDICTION_DURATION = Metric(
    "investiq_prediction_duration_seconds",
    Kind.HISTOGRAM,
    Subject.SIGNALS,
    "Time to compute features and predict.",
    (Part.SIGNALS,),
    unit="seconds",
    buckets=_FAST_SECONDS,
)

# ---- monitoring ----

DIRECT_NOTIFICATIONS = Metric(
    "investiq_direct_notifications_total",
    Kind.COUNTER,
    Subject.MONITORING,
    "Tries of the API to tell people itself that the monitoring is lost or back, by what came of them.",
    (Part.API,),
    (
        Label("notifier", ("inbox", "discord", "pagerduty", "webhook")),
        Label(
            "outcome",
            (
                "delivered",
                "timeout",
                "unreachable",
                "rate_limited",
                "server_error",
                "refused",
                "queue_full",
                "unforeseen",
            ),
        ),
    ),
)
BROAD_SILENCES = Metric(
    "investiq_broad_silences",
    Kind.GAUGE,
    Subject.MONITORING,
    "Silences in Alertmanager that mute more than they should, by why; as long as Alertmanager does not answer, as it "
    "last said.",
    (Part.API,),
    (Label("reason", _all(SilenceFault)),),
)
INBOX_NOTIFICATIONS = Metric(
    "investiq_inbox_notifications_total",
    Kind.COUNTER,
    Subject.MONITORING,
    "Alerts received by the local inbox.",
    (Part.INBOX,),
    (Label("status", _all(AlertStatus)),),
)

# ---- backup: what batch jobs write to a file ----

_NO_BACKUP = "no backup was ever tried here, or the node exporter is down or not scraped"


def _of_backup(name: str, help: str, *labels: Label, unit: str = "", **further: Any) -> Metric:
    return Metric(
        name, Kind.GAUGE, Subject.BACKUP, help, (), labels, unit=unit, absent=_NO_BACKUP, textfile=True, **further
    )


BACKUP_INTERVAL = Metric(
    "investiq_backup_interval_seconds",
    Kind.GAUGE,
    Subject.BACKUP,
    "Time from one scheduled backup to the next: a setting; 0 where none is scheduled.",
    (Part.API,),
    unit="seconds",
)
BACKUP_MADE = _of_backup(
    "investiq_backup_made_timestamp_seconds",
    "When the last whole backup was made, in Unix seconds; 0 before the first.",
    unit="seconds",
)
BACKUP_PROVEN = _of_backup(
    "investiq_backup_proven_timestamp_seconds",
    "When the newest backup was made that a restore has proven, in Unix seconds; 0 before the first.",
    unit="seconds",
)
BACKUP_FAILED = _of_backup("investiq_backup_failed", "1 where the last try of a backup failed, else 0.", bounds=STATE)
RESTORE_DOUBTED = _of_backup(
    "investiq_restore_differences",
    "Questions that the last verification of a restore found answered otherwise than before the backup.",
)
BACKUP_BYTES = _of_backup(
    "investiq_backup_part_bytes",
    "Size of each part of the last whole backup, before it is compressed; 0 for a part that is not in it.",
    Label("part", _all(BackupPart)),
    unit="bytes",
)
BACKUP_DURATION = _of_backup(
    "investiq_backup_duration_seconds", "Time that the last whole backup took.", unit="seconds"
)
VERIFICATION_DURATION = _of_backup(
    "investiq_backup_verification_duration_seconds",
    "Time that the last verification of a restore took.",
    unit="seconds",
)

# ---- edge: counted by the supervisor in nginx's log, which goes through its hands ----

NO_DOOR = "none"
"""The door of who asks for a name that is none of ours, or in no HTTP."""

_NO_EDGE = "the edge does not run here, or the node exporter is down or not scraped"

EDGE_ANSWERS = Metric(
    "investiq_edge_answers_total",
    Kind.COUNTER,
    Subject.EDGE,
    "Requests that nginx at the edge has answered, by the host that was asked for and how; 429 is not among 4xx.",
    (),
    (Label("door", (*_all(Door), NO_DOOR)), Label("answer", _all(EdgeAnswer))),
    absent=_NO_EDGE,
    textfile=True,
)
EDGE_COUNTED = Metric(
    "investiq_edge_counted_timestamp_seconds",
    Kind.GAUGE,
    Subject.EDGE,
    "When the answers of the edge were last written down for the node exporter, in Unix seconds.",
    (),
    unit="seconds",
    absent=_NO_EDGE,
    textfile=True,
)

ALL: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
"""The whole catalogue, in the order of this file."""


def of_part(part: Part) -> tuple[Metric, ...]:
    """The metrics that `part` exposes."""
    return tuple(metric for metric in ALL if part in metric.parts)


def families() -> dict[str, tuple[str, ...]]:
    """Each counter and gauge -> the names of its kind about the same subject: what a hurried hand takes for it."""
    return {
        metric.name: tuple(other.name for other in ALL if (other.subject, other.kind) == (metric.subject, metric.kind))
        for metric in ALL
        if metric.kind is not Kind.HISTOGRAM
    }

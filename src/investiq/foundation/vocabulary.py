"""The closed words of the domain, each once: as metric labels, in the ledger, on every wire and on the screen.

Words only: what may follow from one is decided by the module that owns the matter. A value never changes once it is
released, since it is stored and scraped.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "NODE_JOB",
    "OPEN_STATUSES",
    "PROMETHEUS_JOB",
    "SIGNAL_BOUNDS",
    "SIGNED_POINTS",
    "Access",
    "Action",
    "AlertStatus",
    "AuditAction",
    "AuditResult",
    "BackupPart",
    "BeatOutcome",
    "BreakerEvent",
    "ChecklistPoint",
    "CycleOutcome",
    "DenialReason",
    "Dependency",
    "Door",
    "EdgeAnswer",
    "EngineName",
    "EngineStatus",
    "HaltReason",
    "HealthStatus",
    "HeartbeatState",
    "MarketPhase",
    "ModelFeature",
    "OrderOutcome",
    "OrderStatus",
    "OrderType",
    "Part",
    "PointState",
    "ReadinessGrade",
    "Regime",
    "RestartAlert",
    "Severity",
    "Side",
    "Signal",
    "SilenceFault",
    "Subject",
    "TradingMode",
]


class Access(StrEnum):
    """What a key allows; each includes the ones before it."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"


class AuditAction(StrEnum):
    """What somebody changed, or was not allowed to: the audit log has a row for each."""

    ORDER_PLACED = "order_placed"
    ORDER_CANCELLED = "order_cancelled"
    TRADING_HALTED = "trading_halted"
    TRADING_RESUMED = "trading_resumed"
    KEY_CREATED = "key_created"
    KEY_ROTATED = "key_rotated"
    KEY_REVOKED = "key_revoked"
    SESSION_OPENED = "session_opened"
    SESSION_ENDED = "session_ended"
    SILENCE_PUT = "silence_put"
    SILENCE_ENDED = "silence_ended"
    DEPLOY_WINDOW_OPENED = "deploy_window_opened"
    DEPLOY_WINDOW_ENDED = "deploy_window_ended"
    SECRET_ROTATED = "secret_rotated"  # noqa: S105  a word, not a secret
    CHECKLIST_SIGNED = "checklist_signed"
    AUDIT_ACCEPTED = "audit_accepted"
    ACCESS_DENIED = "access_denied"


class AuditResult(StrEnum):
    """How a change went."""

    DONE = "done"
    DENIED = "denied"


class Part(StrEnum):
    """A process of ours that exposes /metrics. The value is its scrape job."""

    API = "investiq-api"
    SIGNALS = "signal-models"
    WEB = "frontend"
    INBOX = "inbox"
    AGENT = "agent"


class LogLevel(StrEnum):
    """How severe a line of a log is. `error`: something went wrong that nobody foresaw, and somebody should look."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class SpanDestination(StrEnum):
    """Where spans are taken to."""

    FILE = "file"
    COLLECTOR = "collector"


class SpanOutcome(StrEnum):
    """What became of a span that was to be kept."""

    EXPORTED = "exported"
    DROPPED = "dropped"
    """More came than could be taken away."""
    FAILED = "failed"
    """Where it was to go, it was not taken."""


PROMETHEUS_JOB = "prometheus"
"""The scrape job of Prometheus itself."""

NODE_JOB = "node"
"""The scrape job of the node exporter, which also reads what our batch jobs write to files."""


class Subject(StrEnum):
    """The same word everywhere: catalogue section, rule file, dashboard, runbook, promtool test, drill."""

    API = "api"
    MARKET = "market"
    ANALYSIS = "analysis"
    TRADING = "trading"
    SIGNALS = "signals"
    HOST = "host"
    BACKUP = "backup"
    MONITORING = "monitoring"
    EDGE = "edge"
    SERVICES = "services"
    """What the user runs beside InvestIQ: none of its metrics is ours."""
    SLO = "slo"


class Door(StrEnum):
    """A virtual host of the edge."""

    CONSOLE = "console"
    API = "api"
    GRAFANA = "grafana"
    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"


class EdgeAnswer(StrEnum):
    """How the edge answered a request: the first digit of the status, and who was told to wait."""

    INFORMED = "1xx"
    DONE = "2xx"
    LED_ON = "3xx"
    REFUSED = "4xx"
    LIMITED = "429"
    FAILED = "5xx"


class BackupPart(StrEnum):
    """What a backup is made of."""

    LEDGER = "ledger"
    PROMETHEUS = "prometheus"
    SILENCES = "silences"
    INBOX = "inbox"
    MODELS = "models"
    REPLAY = "replay"
    """How far the replay has come."""
    CONFIGURATION = "configuration"
    GRAFANA = "grafana"


class Severity(StrEnum):
    """How bad. Critical wakes somebody, warning can wait until morning, none is for machines."""

    CRITICAL = "critical"
    WARNING = "warning"
    NONE = "none"


class RestartAlert(StrEnum):
    """The alerts that a restart of our parts may fire: what a deploy window silences.

    Nothing else is: neither a tripped breaker, which is still halted after the restart, nor a lost heartbeat, nor the
    host; and errors and waiting of what does answer are faults of the new version.
    """

    # Nothing answers meanwhile.
    SERVICE_DOWN = "ServiceDown"
    FRONTEND_DOWN = "FrontendDown"
    ML_SERVICE_DOWN = "MLServiceDown"
    AGENT_DOWN = "AgentDown"
    PROBE_FAILING = "ProbeFailing"
    # A target that the new configuration brings or moves is not there until Prometheus has read it.
    SERVICE_ABSENT = "ServiceAbsent"
    TARGET_MISSING = "TargetMissing"
    # Parts that are up already wait for those that are not.
    DEPENDENCY_DOWN = "DependencyDown"
    MODEL_NOT_LOADED = "ModelNotLoaded"
    SIGNAL_ENGINE_FALLBACK = "SignalEngineFallback"
    AGENT_STALLED = "AgentStalled"
    # A planned outage spends its share of a budget, which stays spent. What it fires outlives it by five minutes.
    BURNS_FAST = "ErrorBudgetBurnsFast"


class SilenceFault(StrEnum):
    """Why a silence is too broad."""

    WATCHDOG = "watchdog"
    """It keeps the heartbeat from arriving."""
    MANY_ALERTS = "many_alerts"
    """It mutes more than one alert, and is no deploy window."""
    LONG = "long"
    """It lasts longer than anybody remembers it."""


class AlertStatus(StrEnum):
    """What Alertmanager says of an alert when it notifies."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Dependency(StrEnum):
    """What the API leans on, as it says in /health."""

    DATABASE = "database"
    BROKER = "broker"
    MARKET_DATA = "market_data"
    SIGNAL_MODELS = "signal_models"
    PRICE_FILES = "price_files"


class HealthStatus(StrEnum):
    """How a server of ours is, as it says in /health."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class MarketPhase(StrEnum):
    """Where market time stands: in a session, between sessions, or after the last session of the data."""

    OPEN = "open"
    CLOSED = "closed"
    ENDED = "ended"


class Signal(StrEnum):
    """From the worst outlook to the best."""

    STRONG_SELL = "strong_sell"
    SELL = "sell"
    WEAK_SELL = "weak_sell"
    NEUTRAL = "neutral"
    WEAK_BUY = "weak_buy"
    BUY = "buy"
    STRONG_BUY = "strong_buy"


SIGNAL_BOUNDS = (0.1, 0.3, 0.6)
"""Size of a score from which its signal is weak, plain and strong; a smaller one is neutral."""


class Regime(StrEnum):
    """Trend and volatility together."""

    BULL_CALM = "bull_calm"
    BULL_VOLATILE = "bull_volatile"
    BEAR_CALM = "bear_calm"
    BEAR_VOLATILE = "bear_volatile"


class EngineName(StrEnum):
    """Who looks at a symbol."""

    TECHNICAL = "technical"
    QUANTITATIVE = "quantitative"
    SIGNAL = "signal"
    SENTIMENT = "sentiment"
    FUNDAMENTAL = "fundamental"


class EngineStatus(StrEnum):
    """Whether an engine answered, had nothing to go by, or broke."""

    OK = "ok"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"


class ModelFeature(StrEnum):
    """What the signal model looks at, in the order of its columns. A model that learned from other ones is refused."""

    MOVE_1 = "move_1"
    MOVE_2 = "move_2"
    MOVE_5 = "move_5"
    MOVE_10 = "move_10"
    MOVE_21 = "move_21"
    MOVE_63 = "move_63"
    GAP = "gap"
    PLACE_IN_RANGE_1 = "place_in_range_1"
    PLACE_IN_RANGE_10 = "place_in_range_10"
    PLACE_IN_RANGE_63 = "place_in_range_63"
    DISTANCE_FROM_MEAN_10 = "distance_from_mean_10"
    DISTANCE_FROM_MEAN_50 = "distance_from_mean_50"
    BOLLINGER_20 = "bollinger_20"
    RSI_14 = "rsi_14"
    DRAWDOWN_63 = "drawdown_63"
    VOLATILITY_21 = "volatility_21"
    VOLATILITY_CHANGE = "volatility_change"
    DOWNSIDE_SHARE_21 = "downside_share_21"
    AUTOCORRELATION_63 = "autocorrelation_63"
    TRUE_RANGE = "true_range"
    VOLUME_CHANGE = "volume_change"
    VOLUME_TREND = "volume_trend"
    VOLUME_BALANCE_21 = "volume_balance_21"


class TradingMode(StrEnum):
    """What the account is, said by the broker: replayed prices, paper money at live prices, or real money."""

    REPLAY = "replay"
    PAPER = "paper"
    LIVE = "live"


class Side(StrEnum):
    """Which way shares go."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """Market: at the next price. Limit: at `limit_price` or better. All orders stand until filled or cancelled."""

    MARKET = "market"
    LIMIT = "limit"


class OrderStatus(StrEnum):
    """Where an order stands, as far as we know."""

    PENDING_NEW = "pending_new"
    """Intent kept; the broker was not called yet, or its answer is not kept yet."""
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    """By the broker, or never reached it."""
    DENIED = "denied"
    """By our own risk limits or breaker; the broker never saw it."""
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """The broker was called and no answer came. It may be working there: it counts as open until looked up."""


OPEN_STATUSES: frozenset[str] = frozenset(
    {OrderStatus.PENDING_NEW, OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.UNKNOWN}
)
"""Statuses in which an order can be expected to fill: its money or shares are spoken for."""


class DenialReason(StrEnum):
    """Why an order did not reach the broker. Also the label of `investiq_order_denials_total`."""

    HALTED = "halted"
    MONITORING_LOST = "monitoring_lost"
    BREAKER_UNREADABLE = "breaker_unreadable"
    EQUITY_UNKNOWN = "equity_unknown"
    NO_PRICE = "no_price"
    STALE_PRICE = "stale_price"
    MARKET_ENDED = "market_ended"
    ORDER_NOTIONAL = "order_notional"
    POSITION_LIMIT = "position_limit"
    EXPOSURE_LIMIT = "exposure_limit"
    OPEN_ORDERS = "open_orders"
    BUYING_POWER = "buying_power"
    SHORT_SELLING = "short_selling"
    TOO_SMALL = "too_small"


class HaltReason(StrEnum):
    """What halted trading."""

    MANUAL = "manual"
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "drawdown"
    MONITORING_LOST = "monitoring_lost"
    """Nobody would notice a fault. Stored when a heartbeat was there and was lost; also the word for a start that still
    waits for the first one, which is never stored and ends by itself."""
    UNREADABLE = "unreadable"
    """The breaker's own state cannot be read, which counts as halted. Never stored."""


class BreakerEvent(StrEnum):
    """What happened to the breaker."""

    HALT = "halt"
    RESUME = "resume"


class HeartbeatState(StrEnum):
    """What is known of the monitoring."""

    FRESH = "fresh"
    AWAITED = "awaited"
    """No fresh heartbeat has come since the start of this process. The first one ends it."""
    LOST = "lost"
    """It was fresh once, and is too old now."""
    NOT_REQUIRED = "not_required"
    """Trading goes on whatever the monitoring does: `require_monitoring = false`."""


class BeatOutcome(StrEnum):
    """What became of a heartbeat that was delivered."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    """Nothing newer than what is known: Alertmanager repeats itself."""
    FUTURE = "future"
    MALFORMED = "malformed"


class Action(StrEnum):
    """What to do. `wait` is looked at again in the next cycle, the others settle the symbol for this session."""

    ENTER = "enter"
    EXIT = "exit"
    HOLD = "hold"
    WAIT = "wait"


class CycleOutcome(StrEnum):
    """How a cycle went. All but `failed` count as finished: the agent has seen what there was to see."""

    DONE = "done"
    HALTED = "halted"
    ENDED = "ended"
    FAILED = "failed"


class OrderOutcome(StrEnum):
    """What became of an order that the agent gave."""

    SENT = "sent"
    DENIED = "denied"
    REPEATED = "repeated"
    FAILED = "failed"


class ChecklistPoint(StrEnum):
    """What a deployment is asked before production, in the order of the monitoring guide's checklist."""

    METRICS = "metrics"
    ENDPOINT = "endpoint"
    SERVICES = "services"
    DASHBOARD = "dashboard"
    PASSWORDS = "passwords"
    RULES = "rules"
    CHANNELS = "channels"
    PROXY = "proxy"
    ENDPOINT_SECURED = "endpoint-secured"
    BACKUP = "backup"
    RETENTION = "retention"
    META_MONITORING = "meta-monitoring"
    VALIDATION = "validation"
    LOAD = "load"
    DRILLS = "drills"
    TRAINING = "training"
    BACKUP_PASSWORD = "backup-password"  # noqa: S105  a name, no password
    """Ours: a backup whose password lies beside it only is lost with the disk."""
    AUDIT = "audit"
    """Ours: who changed what is of use while nobody can change it afterwards."""


SIGNED_POINTS = (ChecklistPoint.RULES, ChecklistPoint.TRAINING, ChecklistPoint.BACKUP_PASSWORD)
"""Points that no program can see done: a person signs for them."""


class PointState(StrEnum):
    """How a point of the checklist was found."""

    DONE = "done"
    NOT_DONE = "not done"
    NEEDS_PERSON = "needs a person"
    """All that a program can see is done; nobody has signed for the rest, or not lately."""
    NOT_CHECKED = "could not be checked"


class ReadinessGrade(StrEnum):
    """What a deployment is ready for, by its checklist; each includes the ones before it."""

    NOT_READY = "not ready"
    PAPER = "ready for paper"
    LIVE = "ready for live"

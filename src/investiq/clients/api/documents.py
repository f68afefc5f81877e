"""The JSON documents of the API as types. Decimals are strings, times ISO-8601 in UTC, dates ISO-8601."""

from __future__ import annotations

from typing import Literal, TypedDict

__all__ = [
    "Account",
    "Analysis",
    "Bar",
    "Bars",
    "Dependency",
    "EngineResult",
    "EquityPoint",
    "Health",
    "Market",
    "Monitoring",
    "Order",
    "OrderEvent",
    "OrderPage",
    "Overall",
    "Position",
    "RefusedSymbol",
    "SymbolSummary",
    "Symbols",
    "TradingStatus",
]

Signal = Literal["strong_sell", "sell", "weak_sell", "neutral", "weak_buy", "buy", "strong_buy"]
OrderStatus = Literal[
    "pending_new",
    "accepted",
    "partially_filled",
    "filled",
    "cancelled",
    "rejected",
    "denied",
    "expired",
    "unknown",
]


class Dependency(TypedDict):
    """Last check of one thing that the API leans on."""

    status: Literal["up", "down"]
    critical: bool
    latency_ms: float | None
    error: str | None


class Health(TypedDict):
    """`down` when a critical dependency is; `degraded` when another is."""

    status: Literal["ok", "degraded", "down"]
    version: str
    uptime_seconds: float
    dependencies: dict[str, Dependency]


class Market(TypedDict):
    """Where market time stands."""

    now: str
    phase: Literal["open", "closed", "ended"]
    session: str
    next_open: str | None
    ends_at: str | None
    provider: str
    clock: str
    session_seconds: float | None
    open_seconds: float
    data_age_seconds: float | None
    message: str


class SymbolSummary(TypedDict):
    """One symbol that has prices now."""

    symbol: str
    first_session: str | None
    last_session: str | None
    bars: int
    last_price: str | None
    last_price_at: str | None


class RefusedSymbol(TypedDict):
    """One symbol whose data was found wrong, and where."""

    symbol: str
    reasons: list[str]


class Symbols(TypedDict):
    """What can be analysed and traded, and what was refused."""

    symbols: list[SymbolSummary]
    refused: list[RefusedSymbol]


class Bar(TypedDict):
    """One completed session."""

    session: str
    open: str
    high: str
    low: str
    close: str
    volume: int


class Bars(TypedDict):
    """Ascending bars; `next_cursor` continues towards later sessions."""

    symbol: str
    bars: list[Bar]
    next_cursor: str | None


class EngineResult(TypedDict):
    """What one engine said, or why it said nothing."""

    engine: str
    status: Literal["ok", "unavailable", "failed"]
    reason: str | None
    signal: Signal | None
    score: float | None
    confidence: float | None
    metrics: dict[str, float | str | None]
    as_of: str
    duration_ms: float


class Overall(TypedDict):
    """What the engines say together."""

    signal: Signal | None
    score: float | None
    confidence: float
    conviction: float
    coverage: float
    regime: str | None
    regime_reason: str | None
    weights: dict[str, float]


class Analysis(TypedDict):
    """An analysis of one symbol."""

    symbol: str
    as_of: str
    price: str | None
    overall: Overall
    engines: dict[str, EngineResult]


class OrderEvent(TypedDict):
    """One step in the life of an order: `at` in market time, `wall` in real time."""

    status: OrderStatus
    at: str
    wall: str
    reason: str | None
    by: str | None


class Order(TypedDict):
    """An order as the ledger keeps it."""

    id: str
    symbol: str
    side: Literal["buy", "sell"]
    order_type: Literal["market", "limit"]
    quantity: str | None
    notional: str | None
    limit_price: str | None
    status: OrderStatus
    filled_quantity: str
    average_price: str | None
    commission: str
    reason: str | None
    message: str | None
    created_by: str
    created_at: str
    created_wall: str
    updated_at: str
    history: list[OrderEvent]


class OrderPage(TypedDict):
    """Orders, newest first; `next_cursor` continues towards older ones."""

    orders: list[Order]
    next_cursor: str | None


class Position(TypedDict):
    """What is held of one symbol."""

    symbol: str
    quantity: str
    average_price: str
    market_price: str | None
    market_value: str | None
    unrealised_pnl: str | None
    realised_pnl: str


class Account(TypedDict):
    """Money; what depends on a price is None while one is missing. Fractions (`drawdown`) are of equity."""

    mode: Literal["replay", "paper", "live"]
    broker: str
    cash: str
    equity: str | None
    buying_power: str
    exposure: str | None
    realised_pnl: str
    unrealised_pnl: str | None
    day_pnl: str | None
    high_water_mark: str
    drawdown: str
    commission_paid: str
    unpriced: list[str]


class EquityPoint(TypedDict):
    """Equity at one instant of market time."""

    at: str
    equity: str
    drawdown: str


class Monitoring(TypedDict):
    """Whether the monitoring is heard; `note` is a sentence."""

    required: bool
    heartbeat: Literal["fresh", "awaited", "lost", "not_required"]
    evaluated_at: str | None
    age_seconds: float | None
    limit_seconds: float
    note: str


class TradingStatus(TypedDict):
    """The breaker and its limits; losses and limits are fractions."""

    mode: Literal["replay", "paper", "live"]
    halted: bool
    reason: Literal["manual", "daily_loss", "drawdown", "monitoring_lost", "unreadable"] | None
    note: str | None
    since: str | None
    since_wall: str | None
    by: str | None
    day_loss: str | None
    daily_loss_limit: str
    drawdown: str | None
    drawdown_limit: str
    monitoring: Monitoring

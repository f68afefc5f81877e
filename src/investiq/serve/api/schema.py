"""The JSON of the API as types: what OpenAPI shows and what requests are checked against.

Decimals are strings without an exponent, so that no client rounds money by reading it; times are ISO-8601 in UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

__all__ = [
    "Account",
    "Analysis",
    "Bar",
    "Bars",
    "Dependency",
    "EngineResult",
    "EquityCurve",
    "EquityPoint",
    "Health",
    "Market",
    "Monitoring",
    "Order",
    "OrderDenied",
    "OrderEvent",
    "OrderPage",
    "Overall",
    "Position",
    "Positions",
    "Problem",
    "RefusedSymbol",
    "SymbolSummary",
    "Symbols",
    "Trade",
    "TradingReason",
    "TradingStatus",
]

Money = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json")]
"""An exact decimal: dollars, shares, or a fraction of equity."""

Amount = Annotated[Money, Field(max_digits=18, decimal_places=4)]
"""A decimal that a client gives; what it may be besides is the domain's business."""

Signal = Literal["strong_sell", "sell", "weak_sell", "neutral", "weak_buy", "buy", "strong_buy"]
Mode = Literal["replay", "paper", "live"]
Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit"]
Status = Literal[
    "pending_new", "accepted", "partially_filled", "filled", "cancelled", "rejected", "denied", "expired", "unknown"
]


class _Document(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Dependency(_Document):
    """The latest check of one thing that the API leans on."""

    status: Literal["up", "down"]
    critical: bool = Field(description="whether /health is 503 while it is down")
    latency_ms: float | None
    error: str | None


class Monitoring(_Document):
    """Whether the monitoring is heard: without its heartbeat, trading is halted."""

    required: bool = Field(description="false is the setting require_monitoring = false: trading goes on unwatched")
    heartbeat: Literal["fresh", "awaited", "lost", "not_required"] = Field(
        description="awaited: none has come since the start, and the first begins trading; lost: somebody has to resume"
    )
    evaluated_at: datetime | None = Field(description="when Prometheus evaluated the last one that came")
    age_seconds: float | None
    limit_seconds: float = Field(description="age at which trading halts")
    note: str = Field(description="all of it as a sentence")


class Health(_Document):
    """`down` when a critical dependency is; `degraded` when another is."""

    status: Literal["ok", "degraded", "down"]
    version: str
    uptime_seconds: float
    dependencies: dict[str, Dependency]
    monitoring: Monitoring


class Market(_Document):
    """Where market time stands. All times are market time."""

    now: datetime
    phase: Literal["open", "closed", "ended"]
    session: date = Field(description="the session that is open, or else the last one that was")
    next_open: datetime | None = Field(description="null when the market never opens again")
    ends_at: datetime | None = Field(description="the last close of the data; null when it has no end")
    provider: str
    clock: str
    session_seconds: float | None = Field(description="wall seconds of one session in a replay")
    open_seconds: float = Field(
        description="seconds of open market since 1970: the difference of two readings is the trading time between them"
    )
    data_age_seconds: float | None = Field(
        description="seconds of open market since the newest price; null before the first price"
    )
    message: str = Field(description="the phase as a sentence")


class SymbolSummary(_Document):
    """One symbol that has a price by now."""

    symbol: str
    first_session: date | None = Field(description="first completed session")
    last_session: date | None = Field(description="last completed session")
    bars: int = Field(description="completed sessions with a bar")
    last_price: Money | None
    last_price_at: datetime | None


class RefusedSymbol(_Document):
    """One symbol whose data is wrong, with each fault and its place."""

    symbol: str
    reasons: list[str]


class Symbols(_Document):
    """What can be analysed and traded, and what was refused."""

    symbols: list[SymbolSummary]
    refused: list[RefusedSymbol]


class Bar(_Document):
    """One completed session; prices in dollars, adjusted for splits and dividends."""

    session: date
    open: Money
    high: Money
    low: Money
    close: Money
    volume: int


class Bars(_Document):
    """Ascending bars."""

    symbol: str
    bars: list[Bar]
    next_cursor: str | None = Field(description="give it as `cursor` for the sessions after these; null at the end")


class EngineResult(_Document):
    """What one engine said, or why it said nothing."""

    engine: str
    status: Literal["ok", "unavailable", "failed"]
    reason: str | None = Field(description="null when ok")
    signal: Signal | None
    score: float | None = Field(description="-1 (sell) to 1 (buy)")
    confidence: float | None = Field(description="0 to 1")
    metrics: dict[str, float | str | None]
    as_of: datetime
    duration_ms: float


class Overall(_Document):
    """What the engines say together."""

    signal: Signal | None
    score: float | None
    confidence: float
    conviction: float = Field(description="0 to 1, how far the engines that answered agree")
    coverage: float = Field(description="0 to 1, share of the configured weights whose engines answered")
    regime: str | None
    regime_reason: str | None = Field(description="why there is no regime")
    weights: dict[str, float] = Field(description="weights used: of the engines that answered, summing to 1")


class Analysis(_Document):
    """Everything known about a symbol at one instant of market time."""

    symbol: str
    as_of: datetime
    price: Money | None
    overall: Overall
    engines: dict[str, EngineResult]


class Trade(BaseModel):
    """An order to place: exactly one of `quantity` and `notional`; `limit_price` iff the type is `limit`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"symbol": "AAPL", "side": "buy", "notional": "1000"}]},
    )

    symbol: str = Field(max_length=40)
    side: Side
    quantity: Amount | None = Field(None, description="shares, to four decimal places")
    notional: Amount | None = Field(None, description="dollars, to four decimal places")
    order_type: OrderType = "market"
    limit_price: Amount | None = Field(None, description="dollars, to four decimal places")


class OrderEvent(_Document):
    """One step of an order: `at` in market time, `wall` in the time of day."""

    status: Status
    at: datetime
    wall: datetime
    reason: str | None
    by: str | None = Field(None, description="the key or person that caused it")


class Order(_Document):
    """An order as the ledger keeps it."""

    id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Money | None
    notional: Money | None
    limit_price: Money | None
    status: Status
    filled_quantity: Money
    average_price: Money | None
    commission: Money
    reason: str | None = Field(description="why it ended as it did, one word")
    message: str | None = Field(None, description="the same as a sentence")
    created_by: str
    created_at: datetime = Field(description="market time")
    created_wall: datetime
    updated_at: datetime = Field(description="market time")
    history: list[OrderEvent]


class OrderPage(_Document):
    """Orders, newest first."""

    orders: list[Order]
    next_cursor: str | None = Field(description="give it as `cursor` for older ones; null at the end")


class Position(_Document):
    """What is held of one symbol. What depends on a price is null while there is none."""

    symbol: str
    quantity: Money
    average_price: Money
    market_price: Money | None
    market_value: Money | None
    unrealised_pnl: Money | None
    realised_pnl: Money


class Positions(_Document):
    """What is held, by symbol."""

    positions: list[Position]


class Account(_Document):
    """Money in dollars; `drawdown` is a fraction. What depends on a price is null while one is missing."""

    mode: Mode
    broker: str
    cash: Money
    equity: Money | None
    buying_power: Money
    exposure: Money | None
    realised_pnl: Money
    unrealised_pnl: Money | None
    day_pnl: Money | None
    high_water_mark: Money
    drawdown: Money = Field(description="fall of the last known equity from the high-water mark")
    commission_paid: Money
    unpriced: list[str] = Field(description="symbols held that have no trustworthy price")


class EquityPoint(_Document):
    """Equity at one instant of market time."""

    at: datetime
    equity: Money
    drawdown: Money


class EquityCurve(_Document):
    """Points ascending in time."""

    points: list[EquityPoint]


class TradingStatus(_Document):
    """The breaker and how far its limits are; losses and limits are fractions."""

    mode: Mode
    halted: bool
    reason: str | None = Field(
        description="manual, daily_loss, drawdown, monitoring_lost, or unreadable; null while trading"
    )
    note: str | None
    since: datetime | None = Field(description="market time")
    since_wall: datetime | None
    by: str | None
    day_loss: Money | None
    daily_loss_limit: Money
    drawdown: Money | None
    drawdown_limit: Money
    monitoring: Monitoring


class TradingReason(BaseModel):
    """Why trading is halted or resumed; kept in the ledger."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    reason: str = Field(description="one word, the end of `type`")
    detail: str
    instance: str
    request_id: str | None


class OrderDenied(Problem):
    """A risk limit or the breaker denied the order; it is kept, as denied."""

    denial: str
    order: Order

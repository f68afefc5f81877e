"""What the desk tells: plain values, ready to be shown. None where something cannot be said, never a guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from investiq.foundation.vocabulary import DenialReason, HaltReason, HeartbeatState, OrderType, Side, TradingMode
from investiq.invest.market.types import Symbol
from investiq.invest.trading.order import Order

__all__ = [
    "AccountView",
    "ClosedPositionView",
    "HaltPreview",
    "MonitoringView",
    "OrderPage",
    "OrderPreview",
    "PositionView",
    "PositionsView",
    "Submission",
    "TradingStatus",
]


@dataclass(frozen=True, slots=True)
class Submission:
    """The order that a request made; `replayed` when an earlier request with the same key made it."""

    order: Order
    replayed: bool


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Orders, newest first; `next_cursor` asks for the page after, None on the last."""

    orders: Sequence[Order]
    next_cursor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPreview:
    """What an order would do now; dollars and shares, None where there is no price to say it by.

    Attributes:
        quantity: shares that would be ordered.
        last_price: the latest price of the symbol, from `last_price_at` (market time).
        price: what each share is counted at: the limit, or the latest price with half the spread.
        commission: of the whole order.
        cost: what a purchase takes at `price` with commission, or a sale brings after it (then negative).
        buying_power: free for new orders now.
        buying_power_after: once the order is filled at `price`; below zero, it cannot be paid.
        position: shares held now.
        position_after: once the order is filled.
        denial: the limit that would deny it, or the breaker; None when the order would be sent.
        message: the same as a sentence.
    """

    symbol: Symbol
    side: Side
    order_type: OrderType
    quantity: Decimal | None
    last_price: Decimal | None
    last_price_at: datetime | None
    price: Decimal | None
    commission: Decimal | None
    cost: Decimal | None
    buying_power: Decimal
    buying_power_after: Decimal | None
    position: Decimal
    position_after: Decimal | None
    denial: DenialReason | None
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionView:
    """A position at the latest price; amounts in dollars.

    net_realised_pnl = realised_pnl - commission_paid, of all purchases and sales of the symbol.
    """

    symbol: Symbol
    quantity: Decimal
    average_price: Decimal
    market_price: Decimal | None
    market_value: Decimal | None
    unrealised_pnl: Decimal | None
    realised_pnl: Decimal
    commission_paid: Decimal
    net_realised_pnl: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPositionView:
    """A symbol that was held and sold out."""

    symbol: Symbol
    realised_pnl: Decimal
    commission_paid: Decimal
    net_realised_pnl: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsView:
    """What is held, and what was and is not any more: together all that was ever traded. Each by symbol."""

    held: Sequence[PositionView]
    closed: Sequence[ClosedPositionView]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """The account at the latest prices, in dollars.

    net_realised_pnl = realised_pnl - commission_paid, and equity = initial_cash + net_realised_pnl + unrealised_pnl.
    What rests on a price that is missing is None. `drawdown` is the fall of the last known equity from
    `high_water_mark`, as a share of it; the breaker's own starts anew with each resume.
    """

    mode: TradingMode
    broker: str
    initial_cash: Decimal
    cash: Decimal
    equity: Decimal | None
    buying_power: Decimal
    exposure: Decimal | None
    realised_pnl: Decimal
    unrealised_pnl: Decimal | None
    day_pnl: Decimal | None
    high_water_mark: Decimal
    drawdown: Decimal
    commission_paid: Decimal
    net_realised_pnl: Decimal
    unpriced: Sequence[Symbol]


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltPreview:
    """What a halt would do now.

    Attributes:
        halted: trading is halted already: what is open and adds to a position is being cancelled.
        cancels: open orders that would be cancelled; one whose fate is not known, once it is.
        keeps: open orders that would stay, since they reduce a position.
        positions: symbols held, which stay and can be sold.
    """

    halted: bool
    cancels: Sequence[Order]
    keeps: Sequence[Order]
    positions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringView:
    """Whether the monitoring is heard.

    Attributes:
        required: trading needs its heartbeat; false is `require_monitoring = false`.
        evaluated_at: when Prometheus evaluated the last heartbeat that came (time of day); None before the first.
        age_seconds: seconds since then.
        limit_seconds: age at which trading halts.
        note: all of it as a sentence.
    """

    required: bool
    heartbeat: HeartbeatState
    evaluated_at: datetime | None
    age_seconds: float | None
    limit_seconds: float
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingStatus:
    """Whether trading is halted, why, and how near the limits are.

    `day_loss` and `drawdown` are what the breaker measures: since the last resume, when there was one. They are the
    falls from `day_loss_from` and `drawdown_from`, which are None after a resume until the equity is known. All are
    None when the state cannot be read, which counts as halted.
    """

    mode: TradingMode
    halted: bool
    reason: HaltReason | None
    note: str | None
    since: datetime | None
    since_wall: datetime | None
    by: str | None
    day_loss: Decimal | None
    day_loss_from: Decimal | None
    daily_loss_limit: Decimal
    drawdown: Decimal | None
    drawdown_from: Decimal | None
    drawdown_limit: Decimal
    monitoring: MonitoringView

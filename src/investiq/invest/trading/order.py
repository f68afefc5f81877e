"""Orders as values: what is asked, what it became, and the table of the ways between.

Amounts are dollars, quantities shares (fractions to four places), both `Decimal`. Every amount is rounded to
`AMOUNT_STEP`, half to even, at the one place where it comes into being: `amount()`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import ClassVar

from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import OPEN_STATUSES, OrderStatus, OrderType, Side
from investiq.invest.market.types import PRICE_STEP, Symbol

__all__ = [
    "AMOUNT_STEP",
    "QUANTITY_STEP",
    "TRANSITIONS",
    "IllegalTransition",
    "InvalidOrder",
    "Order",
    "OrderEvent",
    "OrderRequest",
    "amount",
    "check_transition",
    "whole_steps",
]

QUANTITY_STEP = Decimal("0.0001")
"""Fractional shares are allowed to this step, as Alpaca and others do; what is smaller cannot be ordered."""

AMOUNT_STEP = Decimal("0.0001")
"""Amounts of dollars are kept to this step, so that cheap fractions of a share do not round to nothing."""

_LARGEST = Decimal(1_000_000_000)
"""No quantity, price or notional above this: it is a mistake, and the ledger's columns end at 10**14."""


class InvalidOrder(InvestIQError):
    """The request contradicts itself or cannot be an order."""

    reason: ClassVar[str] = "invalid_order"


class IllegalTransition(RuntimeError):
    """An order was about to make a step that is not in the table: our books, or how we read the broker, are wrong."""


_S = OrderStatus
_AT_THE_BROKER = {_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED, _S.UNKNOWN}

TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    # A fast broker fills before we look: acknowledgement, fill and end may all be seen at once.
    _S.PENDING_NEW: frozenset({_S.ACCEPTED} | _AT_THE_BROKER),
    # Brokers reject late: paper and real ones alike find at the fill that the money is not there.
    _S.ACCEPTED: frozenset(_AT_THE_BROKER),
    # One part after another is the same status again.
    _S.PARTIALLY_FILLED: frozenset(_AT_THE_BROKER),
    # A cancel and a fill can cross on the wire: the cancel is confirmed, then the fill is reported. A late part leaves
    # the order cancelled with more filled; a late rest makes it filled.
    _S.CANCELLED: frozenset({_S.CANCELLED, _S.FILLED}),
    _S.EXPIRED: frozenset({_S.EXPIRED, _S.FILLED}),
    # The look-up found it in any state, or found that it never arrived (rejected).
    _S.UNKNOWN: frozenset({_S.ACCEPTED} | _AT_THE_BROKER - {_S.UNKNOWN}),
    _S.FILLED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.DENIED: frozenset(),
}


def check_transition(before: OrderStatus, after: OrderStatus) -> None:
    """Let a step of the table pass.

    Raises:
        IllegalTransition: the table has no such step.
    """
    if after not in TRANSITIONS[before]:
        allowed = ", ".join(sorted(TRANSITIONS[before])) or "nothing, it is final"
        raise IllegalTransition(f"an order cannot go from {before} to {after}; from {before} it can go to: {allowed}")


def amount(value: Decimal) -> Decimal:
    """`value` dollars rounded to AMOUNT_STEP, half to even."""
    return value.quantize(AMOUNT_STEP, ROUND_HALF_EVEN)


def whole_steps(quantity: Decimal) -> Decimal:
    """`quantity` shares rounded down to QUANTITY_STEP: never more than was asked for."""
    return quantity.quantize(QUANTITY_STEP, ROUND_DOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What someone asks for: exactly one of `quantity` and `notional`, and a `limit_price` iff it is a limit order.

    Raises:
        InvalidOrder: it is not so, or a number is not positive, too fine or too large.
    """

    symbol: Symbol
    side: Side
    quantity: Decimal | None = None
    notional: Decimal | None = None
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.quantity is None) == (self.notional is None):
            raise InvalidOrder("an order needs exactly one of quantity (shares) and notional (dollars)")
        if (self.order_type is OrderType.LIMIT) != (self.limit_price is not None):
            raise InvalidOrder("limit_price is needed for order_type limit, and for no other")
        _check_number("quantity", self.quantity, QUANTITY_STEP)
        _check_number("notional", self.notional, AMOUNT_STEP)
        _check_number("limit_price", self.limit_price, PRICE_STEP)

    def fingerprint(self) -> str:
        """The same for two requests that ask for the same (10 and 10.00 shares too), and only for those."""
        fields = [
            self.symbol,
            self.side,
            self.order_type,
            *map(_plain, (self.quantity, self.notional, self.limit_price)),
        ]
        return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def _check_number(name: str, value: Decimal | None, step: Decimal) -> None:
    if value is None:
        return
    if not value.is_finite() or not 0 < value <= _LARGEST:
        raise InvalidOrder(f"{name} is {value}: expected a number above 0 and at most {_LARGEST}")
    if value % step:
        raise InvalidOrder(f"{name} is {value}: expected at most four decimal places")


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else format(value.normalize(), "f")


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One state change: `at` in market time, `wall` in the time of day, `by` whom when it was a person or a key."""

    status: OrderStatus
    at: datetime
    wall: datetime
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as the ledger keeps it.

    Attributes:
        client_order_id: our name for it at the broker, chosen before the broker is called.
        quantity: shares; fixed at acceptance also for a `notional` order. None only when it was denied without a price.
        reserve_price: what a share may cost at worst as far as risk could know; open orders are counted at it.
        average_price: of what is filled, None before the first fill.
        reason: why it ended as it did, one word; `message` says it to people.
    """

    number: int
    id: str
    client_order_id: str
    symbol: Symbol
    side: Side
    order_type: OrderType
    quantity: Decimal | None
    notional: Decimal | None
    limit_price: Decimal | None
    reserve_price: Decimal | None
    status: OrderStatus
    filled_quantity: Decimal
    average_price: Decimal | None
    commission: Decimal
    reason: str | None
    message: str | None
    created_by: str
    created_at: datetime
    created_wall: datetime
    updated_at: datetime
    updated_wall: datetime
    history: tuple[OrderEvent, ...]

    @property
    def is_open(self) -> bool:
        """It may still fill in the ordinary way."""
        return self.status in OPEN_STATUSES

    @property
    def is_entry(self) -> bool:
        """It adds to a position: a halt cancels it."""
        return self.side is Side.BUY

    @property
    def remaining(self) -> Decimal:
        """Shares that may still fill; zero when the order is not open."""
        return (self.quantity or Decimal(0)) - self.filled_quantity if self.is_open else Decimal(0)

    @property
    def reserved(self) -> Decimal:
        """Dollars that the open rest is counted at."""
        return amount(self.remaining * (self.reserve_price or Decimal(0)))

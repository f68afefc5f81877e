"""The seam to a broker: what the desk asks of one, and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Protocol

from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import OrderStatus, TradingMode
from investiq.invest.market.types import Symbol
from investiq.invest.trading.order import Order

__all__ = ["Broker", "BrokerAccount", "BrokerOrder", "BrokerUnavailable", "Execution", "UnknownAtBroker"]


class BrokerUnavailable(InvestIQError):
    """The broker did not answer, or not clearly. After a `submit` the order may or may not be working there."""

    reason: ClassVar[str] = "broker_unavailable"
    retryable: ClassVar[bool] = True


class UnknownAtBroker(InvestIQError):
    """The broker has no order of that id."""

    reason: ClassVar[str] = "unknown_at_broker"


@dataclass(frozen=True, slots=True)
class Execution:
    """A part of an order that was filled. `execution_id` is unique within its order; `at` is market time."""

    execution_id: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order as the broker has it now, with all its executions so far: reading it twice tells nothing new.

    `status` is one of accepted, partially_filled, filled, cancelled, rejected, expired.
    """

    client_order_id: str
    broker_order_id: str
    status: OrderStatus
    executions: tuple[Execution, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """The broker's own view of cash and of shares held."""

    cash: Decimal
    positions: Mapping[Symbol, Decimal]


class Broker(Protocol):
    """A broker. Every method may raise BrokerUnavailable, and none waits without a time limit."""

    name: str
    lookup_grace: timedelta
    """How long after a submit a look-up that finds nothing may still be wrong."""

    def mode(self) -> TradingMode:
        """What kind of account this is."""

    def submit(self, order: Order) -> BrokerOrder:
        """Place `order` under its client_order_id, once: a second submit answers with the order that is there.

        A refusal is an answer (status rejected). No blind retry inside.
        """

    def cancel(self, client_order_id: str) -> BrokerOrder:
        """Ask for a cancel; the answer may still be open, or filled.

        Raises:
            UnknownAtBroker: there is no such order.
        """

    def lookup(self, client_order_id: str) -> BrokerOrder | None:
        """The order of that id; None when the broker has none."""

    def poll(self, client_order_ids: Sequence[str]) -> Sequence[BrokerOrder]:
        """These orders as they are now; ids that the broker does not know are left out."""

    def account(self) -> BrokerAccount:
        """Cash and positions as the broker counts them."""

    def ping(self) -> None:
        """Ask for an answer of any kind."""

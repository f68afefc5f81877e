"""A broker to copy: translates between the desk and some venue's API. Nothing selects this one.

1. Copy this file to `<name>.py` and `Venue` with it: what the broker's API can do, in its own words and types.
2. Write the venue over HTTP, with a time limit on every call and no retry of a POST: a second try is a second order.
3. Fill `_STATUS` with every word that the broker's documentation knows; one that is not there is an error, not a guess.
4. Add a case to `tests/invest/trading/test_broker_contract.py`, with a local server that speaks the API strictly.
5. Name it in `TradingConfig.broker` and make it in `open_desk`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from investiq.foundation.vocabulary import OrderStatus, TradingMode
from investiq.invest.market.types import Symbol
from investiq.invest.trading.brokers.protocol import (
    BrokerAccount,
    BrokerOrder,
    BrokerUnavailable,
    Execution,
    UnknownAtBroker,
)
from investiq.invest.trading.order import Order

__all__ = ["TemplateBroker", "Venue", "VenueFill", "VenueOrder", "VenueTimeout"]


class VenueTimeout(Exception):
    """No answer in time: whatever was asked may have happened."""


@dataclass(frozen=True, slots=True)
class VenueFill:
    """Numbers are text, as most APIs send them: a float would already have lost what Decimal keeps."""

    id: str
    quantity: str
    price: str
    fee: str
    at: datetime


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order in the venue's words."""

    id: str
    client_id: str
    state: str
    fills: Sequence[VenueFill] = ()
    text: str | None = None


class Venue(Protocol):
    """The broker's API, one method a call; each may raise VenueTimeout, and none waits without a limit."""

    def post_order(self, client_id: str, symbol: str, side: str, quantity: str, limit: str | None) -> VenueOrder:
        """A new order, or the one that has this client id already."""

    def order(self, client_id: str) -> VenueOrder | None:
        """The order of that client id."""

    def orders(self, client_ids: Sequence[str]) -> Sequence[VenueOrder]:
        """Those of these orders that it knows."""

    def delete_order(self, client_id: str) -> VenueOrder | None:
        """Ask for a cancel; the order as it is then."""

    def account(self) -> tuple[str, Mapping[str, str]]:
        """Cash, and shares by symbol."""


_STATUS = {
    "new": OrderStatus.ACCEPTED,
    "working": OrderStatus.ACCEPTED,
    "partial": OrderStatus.PARTIALLY_FILLED,
    "done": OrderStatus.FILLED,
    "cancelled": OrderStatus.CANCELLED,
    "expired": OrderStatus.EXPIRED,
    "refused": OrderStatus.REJECTED,
}


class TemplateBroker:
    """Orders at a venue, under our own ids."""

    name = "template"
    # From the venue's documentation: how long after an accepted POST a look-up may still find nothing.
    lookup_grace = timedelta(seconds=60)

    def __init__(self, venue: Venue, mode: TradingMode) -> None:
        self._venue = venue
        self._mode = mode

    def mode(self) -> TradingMode:
        return self._mode

    def submit(self, order: Order) -> BrokerOrder:
        if order.quantity is None:
            raise ValueError(f"order {order.id} has no quantity: the desk sizes an order before it sends it")
        limit = None if order.limit_price is None else str(order.limit_price)
        try:
            placed = self._venue.post_order(
                order.client_order_id, order.symbol, order.side.value, str(order.quantity), limit
            )
        except VenueTimeout as error:
            raise BrokerUnavailable(f"no answer to order {order.id}: it may be working at the venue") from error
        return _report(placed)

    def cancel(self, client_order_id: str) -> BrokerOrder:
        try:
            found = self._venue.delete_order(client_order_id)
        except VenueTimeout as error:
            raise BrokerUnavailable(f"no answer to the cancel of {client_order_id}") from error
        if found is None:
            raise UnknownAtBroker(f"the venue has no order {client_order_id}")
        return _report(found)

    def lookup(self, client_order_id: str) -> BrokerOrder | None:
        try:
            found = self._venue.order(client_order_id)
        except VenueTimeout as error:
            raise BrokerUnavailable(f"no answer about order {client_order_id}") from error
        return None if found is None else _report(found)

    def poll(self, client_order_ids: Sequence[str]) -> Sequence[BrokerOrder]:
        try:
            return [_report(found) for found in self._venue.orders(client_order_ids)]
        except VenueTimeout as error:
            raise BrokerUnavailable("no answer about the open orders") from error

    def account(self) -> BrokerAccount:
        try:
            cash, shares = self._venue.account()
        except VenueTimeout as error:
            raise BrokerUnavailable("no answer about the account") from error
        return BrokerAccount(Decimal(cash), {Symbol(symbol): Decimal(held) for symbol, held in shares.items()})

    def ping(self) -> None:
        self.account()


def _report(found: VenueOrder) -> BrokerOrder:
    """An order in our words.

    Raises:
        BrokerUnavailable: its state is one that the table does not know: what it means is not guessed.
    """
    status = _STATUS.get(found.state)
    if status is None:
        raise BrokerUnavailable(
            f"the venue says {found.state!r} of order {found.client_id}, which is not a known state"
        )
    executions = tuple(
        Execution(fill.id, Decimal(fill.quantity), Decimal(fill.price), Decimal(fill.fee), fill.at)
        for fill in found.fills
    )
    return BrokerOrder(found.client_id, found.id, status, executions, found.text)

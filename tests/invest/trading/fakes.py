"""A market whose prices the test sets, and a broker that does what the test says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from investiq.foundation.vocabulary import MarketPhase, OrderStatus, TradingMode
from investiq.invest.market.types import Quote, Symbol
from investiq.invest.trading.brokers.protocol import (
    BrokerAccount,
    BrokerOrder,
    BrokerUnavailable,
    Execution,
    UnknownAtBroker,
)
from investiq.invest.trading.order import Order

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
START = datetime(2008, 1, 2, 14, 30, tzinfo=UTC)


class FakeMarket:
    """Prices stand until `price` sets the next; every price is an hour after the one before."""

    def __init__(self, **prices: str) -> None:
        self._now = START
        self._session = START.date()
        self._phase = MarketPhase.OPEN
        self._age = 0.0
        self._quotes: dict[Symbol, Quote] = {}
        for symbol, price in prices.items():
            self._set(Symbol(symbol), Decimal(price))

    def now(self) -> datetime:
        return self._now

    def phase(self) -> MarketPhase:
        return self._phase

    def session(self) -> date:
        return self._session

    def quote(self, symbol: Symbol) -> Quote | None:
        return self._quotes.get(symbol)

    def data_age_seconds(self, symbol: Symbol) -> float:
        return self._age

    def age(self, seconds: float) -> None:
        """The market stays open this long without a new price."""
        self._age = seconds

    def price(self, symbol: Symbol, price: str | Decimal) -> None:
        """The next real price comes."""
        self._now += timedelta(hours=1)
        self._set(symbol, Decimal(price))

    def lose(self, symbol: Symbol) -> None:
        """The symbol is no longer known, as after a start with another folder of files."""
        del self._quotes[symbol]

    def close(self) -> None:
        self._phase = MarketPhase.CLOSED

    def open_session(self) -> None:
        """A day later."""
        self._phase = MarketPhase.OPEN
        self._session += timedelta(days=1)
        self._now += timedelta(hours=17)

    def end(self) -> None:
        self._phase = MarketPhase.ENDED

    def _set(self, symbol: Symbol, price: Decimal) -> None:
        before = self._quotes.get(symbol)
        sequence = before.sequence + 1 if before else 0
        self._quotes[symbol] = Quote(symbol, price, self._now, sequence)


class FakeBroker:
    """Keeps orders in memory and fills them when told; can lose its voice before or after it takes an order."""

    name = "fake"

    def __init__(self, lookup_grace: timedelta = timedelta(0)) -> None:
        self.lookup_grace = lookup_grace
        self.orders: dict[str, BrokerOrder] = {}
        self.submitted: list[str] = []
        self.silent = False
        self.silent_after_taking = False

    def mode(self) -> TradingMode:
        return TradingMode.PAPER

    def ping(self) -> None:
        self._answer()

    def submit(self, order: Order) -> BrokerOrder:
        self.submitted.append(order.client_order_id)
        self._answer()
        taken = BrokerOrder(order.client_order_id, f"b-{len(self.orders)}", OrderStatus.ACCEPTED)
        self.orders.setdefault(order.client_order_id, taken)
        if self.silent_after_taking:
            raise BrokerUnavailable("timed out")
        return self.orders[order.client_order_id]

    def cancel(self, client_order_id: str) -> BrokerOrder:
        self._answer()
        if client_order_id not in self.orders:
            raise UnknownAtBroker(client_order_id)
        order = self.orders[client_order_id]
        if order.status in (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED):
            self.orders[client_order_id] = replace(order, status=OrderStatus.CANCELLED)
        return self.orders[client_order_id]

    def lookup(self, client_order_id: str) -> BrokerOrder | None:
        self._answer()
        return self.orders.get(client_order_id)

    def poll(self, client_order_ids: Sequence[str]) -> Sequence[BrokerOrder]:
        self._answer()
        return [self.orders[i] for i in client_order_ids if i in self.orders]

    def account(self) -> BrokerAccount:
        return BrokerAccount(Decimal(0), {})

    def fill(self, order: Order, quantity: str, price: str, status: OrderStatus) -> None:
        """Report one more execution, and a status."""
        before = self.orders[order.client_order_id]
        number = str(len(before.executions))
        execution = Execution(number, Decimal(quantity), Decimal(price), Decimal(1), START)
        self.orders[order.client_order_id] = replace(before, status=status, executions=(*before.executions, execution))

    def _answer(self) -> None:
        if self.silent:
            raise BrokerUnavailable("no route to the broker")

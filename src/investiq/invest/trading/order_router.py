"""Between ledger and broker: sends kept intents, follows what becomes of them, and clears up every doubt by asking.

Whatever is in doubt (no answer to a submit, a crash between intent and acknowledgement, a lost write) is looked up by
its client_order_id; start-up and running share that one path. What holds at every moment:

1. An order is submitted at most once, by the process that kept its intent, after that intent was committed. No answer,
   no restart and no second look submits it again.
2. `PENDING_NEW` and `UNKNOWN` mean "perhaps at the broker". They count as open until the broker has said otherwise.
3. An order that is on its way from this process (`sending`) is not in doubt: looking it up could only find that it has
   not arrived yet, and would reject what fills a moment later.
4. Only a broker that still does not know an order after its own `lookup_grace` makes it rejected.
5. No transaction is open while the broker is called: a slow broker delays neither a halt nor another order.
6. What the broker says is merged in a transaction of its own that reads the order anew, so two threads that hear the
   same news write it once.
7. An order that ended may still fill: for `LATE_FILL_WINDOW` it goes on being asked about.
8. A report that cannot be is raised, but only after every other order was brought up to date.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from time import perf_counter
from typing import ClassVar

import structlog
from sqlalchemy import Connection, Engine

from investiq.foundation.errors import InvestIQError
from investiq.foundation.store import reading, writing
from investiq.foundation.store.audit import Actor, AuditEntry, append
from investiq.foundation.telemetry import attributes, tracing
from investiq.foundation.vocabulary import AuditAction, OrderStatus
from investiq.invest.trading.brokers.protocol import Broker, BrokerOrder, BrokerUnavailable, UnknownAtBroker
from investiq.invest.trading.event_time import EventTime, UtcClock
from investiq.invest.trading.ledger import Ledger
from investiq.invest.trading.market_view import MarketView
from investiq.invest.trading.metrics import TradingMetrics
from investiq.invest.trading.order import Order

__all__ = ["LATE_FILL_WINDOW", "OrderNotOpen", "OrderRouter"]

LATE_FILL_WINDOW = timedelta(hours=1)
"""For so long (wall time) after its end a cancelled order is still asked about: a fill may have crossed the cancel."""

_DOUBTFUL = frozenset({OrderStatus.PENDING_NEW, OrderStatus.UNKNOWN})

log = structlog.get_logger(__name__)


class OrderNotOpen(InvestIQError):
    """Only an open order can be cancelled."""

    reason: ClassVar[str] = "order_not_open"


class OrderRouter:
    """Carries orders of one ledger to one broker."""

    def __init__(
        self,
        engine: Engine,
        market: MarketView,
        ledger: Ledger,
        broker: Broker,
        *,
        metrics: TradingMetrics,
        wall: UtcClock,
    ) -> None:
        self._engine = engine
        self._market = market
        self._ledger = ledger
        self._broker = broker
        self._metrics = metrics
        self._wall = wall
        self._sending: set[str] = set()

    @contextmanager
    def sending(self, order_id: str) -> Iterator[None]:
        """Within the block, that order is on its way from this process and not in doubt.

        It begins before the intent is committed: afterwards another thread could already see the order and doubt it.
        """
        self._sending.add(order_id)
        try:
            yield
        finally:
            self._sending.discard(order_id)

    def send(self, order: Order) -> Order:
        """Submit a kept intent once. No answer makes the order unknown, which is a result, not an error.

        1. The broker is called, with no transaction open.
        2. Its answer is merged; without one, the order is marked unknown.
        """
        started = perf_counter()
        try:
            with tracing.span("broker submit", {attributes.BROKER: self._broker.name}):
                report = self._broker.submit(order)
        except BrokerUnavailable as error:
            log.warning("order_in_doubt", order=order.id, error=error.message)
            return self._mark(order, OrderStatus.UNKNOWN, "no_answer", error.message)
        self._metrics.acknowledged(perf_counter() - started)
        return self._merge(order, report)

    def cancel(self, order_id: str, by: str, actor: Actor | None = None) -> Order:
        """Ask the broker to cancel an open order; the answer may be that it filled meanwhile.

        Raises:
            UnknownOrder: there is no such order.
            OrderNotOpen: it has ended already.
            BrokerUnavailable: no answer; the order stands as it was and is followed further.
        """
        with reading(self._engine) as connection:
            order = self._ledger.order(connection, order_id)
        if not order.is_open:
            raise OrderNotOpen(f"order {order_id} is {order.status}: only an open order can be cancelled")
        try:
            return self._merge(order, self._broker.cancel(order.client_order_id), by, "cancelled", actor)
        except UnknownAtBroker:
            if order.id in self._sending:
                raise BrokerUnavailable(f"order {order_id} is just on its way to the broker: cancel it again") from None
            return self._resolve(order)

    def watched(self, connection: Connection) -> Sequence[Order]:
        """The orders that the broker is to be asked about."""
        return self._ledger.watched(connection, self._wall() - LATE_FILL_WINDOW)

    def follow(self, watched: Sequence[Order]) -> None:
        """Bring every one of these orders to what the broker knows, and clear up those in doubt.

        1. Each order in doubt is looked up by itself.
        2. All others are polled in one call, and each report is merged.

        Raises:
            BrokerUnavailable: the broker does not answer.
            IllegalTransition, Overfilled: what it reports of an order cannot be; the others were brought up to date.
        """
        doubtful = [o for o in watched if o.status in _DOUBTFUL and o.id not in self._sending]
        for order in doubtful:
            self._resolve(order)
        self._poll([o for o in watched if o.status not in _DOUBTFUL])

    def cancel_entries(self, by: str, reason: str) -> None:
        """Cancel the open orders that would add to a position."""
        with reading(self._engine) as connection:
            entries = [o for o in self._ledger.open_orders(connection) if o.is_entry]
        for order in entries:
            if order.status not in _DOUBTFUL:
                self._merge(order, self._broker.cancel(order.client_order_id), by, reason)

    def _poll(self, watched: list[Order]) -> None:
        if not watched:
            return
        orders = {order.client_order_id: order for order in watched}
        impossible: RuntimeError | None = None
        for report in self._broker.poll(list(orders)):
            order = orders[report.client_order_id]
            if _is_known(order, report):
                continue
            try:
                self._merge(order, report)
            except RuntimeError as error:  # one order that cannot be must not keep the others from being followed
                log.error("impossible_report", order=order.id, error=str(error))
                impossible = error
        if impossible is not None:
            raise impossible

    def _resolve(self, order: Order) -> Order:
        report = self._broker.lookup(order.client_order_id)
        if report is not None:
            return self._merge(order, report)
        if self._wall() - order.created_wall >= self._broker.lookup_grace:
            message = "the broker does not know this order: it never arrived there, and it is not sent again"
            return self._mark(order, OrderStatus.REJECTED, "never_arrived", message)
        if order.status is OrderStatus.PENDING_NEW:
            message = "the broker does not know this order yet; it is looked up again"
            return self._mark(order, OrderStatus.UNKNOWN, "no_acknowledgement", message)
        return order

    def _merge(
        self,
        order: Order,
        report: BrokerOrder,
        by: str | None = None,
        reason: str | None = None,
        actor: Actor | None = None,
    ) -> Order:
        with writing(self._engine) as connection:
            change = self._ledger.merge(connection, order.id, report, self._event_time(), by=by, reason=reason)
            if actor is not None:
                detail = f"{order.side} {order.symbol}: {change.after.status}"
                append(connection, AuditEntry(AuditAction.ORDER_CANCELLED, actor, order.id, detail))
        self._metrics.changed(change)
        return change.after

    def _mark(self, order: Order, status: OrderStatus, reason: str, message: str) -> Order:
        with writing(self._engine) as connection:
            now = self._ledger.order(connection, order.id)
            if now.status is not order.status:
                return now  # another thread has learnt more meanwhile
            change = self._ledger.mark(
                connection, order.id, self._event_time(), status=status, reason=reason, message=message
            )
        self._metrics.changed(change)
        return change.after

    def _event_time(self) -> EventTime:
        return EventTime(self._market.now(), self._wall())


def _is_known(order: Order, report: BrokerOrder) -> bool:
    filled = sum((execution.quantity for execution in report.executions), Decimal(0))
    return filled == order.filled_quantity and report.status is order.status

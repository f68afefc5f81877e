"""The ledger: every order, every state it went through, every fill. The only writer of those tables.

Methods take the connection of the caller's transaction: the decision and its record stand or fall together. What holds
after every commit:

1. An intent is kept, with its client_order_id and its idempotency key, in the transaction that decided it and before
   the broker hears of it. A denied order is kept the same way, and never leaves.
2. An idempotency key belongs to one request for ever: the same request gets the same order, another one is refused.
3. An execution id is kept once. Hearing of a fill twice changes nothing.
4. An order's filled quantity, notional and commission are the sums over its fills, and never exceed what was ordered.
5. Executions decide about fills, a broker's status does not: a status may run ahead of the executions that explain it.
6. A status changes only along the table in `order`, and each change is one row of the order's history. Rows of history
   and fills are never changed.
7. Cash and positions are a fold over the fills in the order of their row numbers, from `initial_cash`; nothing else
   holds them. One writer at a time gives the rows their numbers, so a smaller number is never committed later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, insert, literal, or_, select, update

from investiq.foundation.errors import InvestIQError
from investiq.foundation.store.schema import fills, idempotency_keys, order_events, orders
from investiq.foundation.vocabulary import OPEN_STATUSES, OrderStatus, OrderType, Side
from investiq.invest.market.types import PRICE_STEP, Symbol
from investiq.invest.trading.brokers.protocol import BrokerOrder, Execution
from investiq.invest.trading.event_time import EventTime
from investiq.invest.trading.order import Order, OrderEvent, OrderRequest, amount, check_transition
from investiq.invest.trading.portfolio import Fill, Portfolio
from investiq.invest.trading.risk import Denial

__all__ = [
    "EVERY_ORDER",
    "Change",
    "Entry",
    "IdempotencyKeyReused",
    "InvalidIdempotencyKey",
    "Ledger",
    "OrderFilter",
    "Overfilled",
    "UnknownOrder",
]

_KEY_LENGTH = 255
_FOLDED_AT_ONCE = 500
# What every tick asks is put together once: that takes as long as asking it.
_FILLS_AFTER: Select[Any] = (
    select(fills.c.id, fills.c.symbol, fills.c.side, fills.c.quantity, fills.c.price, fills.c.commission)
    .where(fills.c.id > bindparam("last"))
    .order_by(fills.c.id)
    .execution_options(yield_per=_FOLDED_AT_ONCE)
)


def _is_one_of(statuses: Iterable[str]) -> ColumnElement[bool]:
    # Of plain values, SQLAlchemy makes the text anew each time: three quarters of what the question takes.
    return orders.c.status.in_([literal(status, orders.c.status.type) for status in statuses])


_LATE = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
_NEWEST_FIRST = select(orders).order_by(orders.c.number.desc())
_OPEN = _NEWEST_FIRST.where(_is_one_of(OPEN_STATUSES))
_WATCHED = _NEWEST_FIRST.where(
    or_(_is_one_of(OPEN_STATUSES), _is_one_of(_LATE) & (orders.c.updated_wall >= bindparam("ended_since")))
)
_HISTORY = (
    select(order_events)
    .where(order_events.c.order_id.in_(bindparam("order_ids", expanding=True)))
    .order_by(order_events.c.id)
)
_ENDED_WITH_REST = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED})


class UnknownOrder(InvestIQError):
    """There is no order of that id."""

    reason: ClassVar[str] = "unknown_order"


class InvalidIdempotencyKey(InvestIQError):
    """The key is empty, too long, or not printable."""

    reason: ClassVar[str] = "invalid_idempotency_key"


class IdempotencyKeyReused(InvestIQError):
    """The key came with another order before."""

    reason: ClassVar[str] = "idempotency_key_reused"


class Overfilled(RuntimeError):
    """The broker reports more shares than were ordered: nothing that we believe of this order holds."""


@dataclass(frozen=True, slots=True)
class Change:
    """An order before and after it was written; the same twice when there was nothing new."""

    before: Order
    after: Order

    @property
    def entered(self) -> OrderStatus | None:
        """The status that the order newly came to, None when it stayed in its own."""
        return self.after.status if self.after.status is not self.before.status else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A decided order on its way into the ledger: an intent, or denied."""

    request: OrderRequest
    quantity: Decimal | None
    reserve_price: Decimal | None
    denial: Denial | None
    when: EventTime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders are wanted; None asks for nothing.

    Attributes:
        by: who placed it: the name of a key or a person.
        since: placed at this market time or later.
        until: placed before this market time.
    """

    symbol: Symbol | None = None
    side: Side | None = None
    status: OrderStatus | None = None
    by: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """The same for the database."""
        c = orders.c
        exact = ((c.symbol, self.symbol), (c.side, self.side), (c.status, self.status), (c.created_by, self.by))
        found = [column == value for column, value in exact if value is not None]
        if self.since is not None:
            found.append(c.created_at >= self.since)
        if self.until is not None:
            found.append(c.created_at < self.until)
        return found


EVERY_ORDER = OrderFilter()


class Ledger:
    """Orders and fills in the database, and the portfolio that follows from the fills and `initial_cash`."""

    def __init__(self, initial_cash: Decimal) -> None:
        self.initial_cash = initial_cash
        # Fold of the committed fills up to the row number; replaced as a whole, so readers need no lock.
        self._folded: tuple[int, Portfolio] = (0, Portfolio(initial_cash))

    def replay(self, connection: Connection, key: str, request: OrderRequest) -> Order | None:
        """The order that `key` made before, None when the key is new.

        Raises:
            IdempotencyKeyReused: the key came with another request.
            InvalidIdempotencyKey: it cannot be a key.
        """
        if not key.strip() or len(key) > _KEY_LENGTH or not key.isprintable():
            raise InvalidIdempotencyKey(
                f"an idempotency key has 1 to {_KEY_LENGTH} printable characters, such as a UUID"
            )
        row = connection.execute(select(idempotency_keys).where(idempotency_keys.c.key == key)).one_or_none()
        if row is None:
            return None
        if row.fingerprint != request.fingerprint():
            raise IdempotencyKeyReused(
                f"the idempotency key {key!r} was used for another order ({row.order_id}): a new order needs a new key",
                order_id=row.order_id,
            )
        return self.order(connection, row.order_id)

    def enter(self, connection: Connection, order_id: str, entry: Entry, *, key: str, by: str) -> Order:
        """Keep a decided order: pending_new, or denied.

        1. The order, which the broker has not heard of.
        2. Its idempotency key: from now on the same request gets this order.
        3. The first row of its history.
        """
        denial, request = entry.denial, entry.request
        status = OrderStatus.DENIED if denial else OrderStatus.PENDING_NEW
        values = {
            "id": order_id,
            "client_order_id": f"iq-{order_id}",
            "symbol": request.symbol,
            "side": request.side,
            "order_type": request.order_type,
            "quantity": entry.quantity,
            "notional": request.notional,
            "limit_price": request.limit_price,
            "reserve_price": entry.reserve_price,
            "status": status,
            "filled_quantity": Decimal(0),
            "filled_notional": Decimal(0),
            "commission": Decimal(0),
            "reason": denial.reason if denial else None,
            "message": denial.message if denial else None,
            "created_by": by,
            "created_at": entry.when.at,
            "created_wall": entry.when.wall,
            "updated_at": entry.when.at,
            "updated_wall": entry.when.wall,
        }
        connection.execute(insert(orders).values(values))
        row = {"key": key, "fingerprint": request.fingerprint(), "order_id": order_id, "wall": entry.when.wall}
        connection.execute(insert(idempotency_keys).values(row))
        why = denial.reason if denial else None
        _append_event(connection, order_id, OrderEvent(status, entry.when.at, entry.when.wall, why, by))
        return self.order(connection, order_id)

    def mark(
        self, connection: Connection, order_id: str, when: EventTime, *, status: OrderStatus, reason: str, message: str
    ) -> Change:
        """Move an order to a status that the broker did not tell: unknown, or rejected because it never arrived.

        Raises:
            IllegalTransition: the order cannot go there.
        """
        before = self.order(connection, order_id)
        check_transition(before.status, status)
        _update(connection, order_id, when, status=status, reason=reason, message=message)
        _append_event(connection, order_id, OrderEvent(status, when.at, when.wall, reason))
        return Change(before, self.order(connection, order_id))

    def merge(
        self,
        connection: Connection,
        order_id: str,
        report: BrokerOrder,
        when: EventTime,
        *,
        by: str | None = None,
        reason: str | None = None,
    ) -> Change:
        """Bring an order to what the broker reports. Executions that are kept already are not kept again.

        1. The executions that are new are found by their ids.
        2. They must fit into what was ordered, and the status that follows must be one that the order can go to.
        3. Fills and sums are written, then the status, then a row of the history.

        Args:
            by: who caused it, when it was asked for.
            reason: why, when the broker gives no reason of its own.

        Raises:
            IllegalTransition, Overfilled: the report contradicts what is known. Nothing is written then.
        """
        before = self.order(connection, order_id)
        news = self._new_executions(connection, order_id, report.executions)
        filled = before.filled_quantity + sum((e.quantity for e in news), Decimal(0))
        if before.quantity is None or filled > before.quantity:
            raise Overfilled(f"order {order_id}: {filled} shares reported filled, {before.quantity} were ordered")
        status = _status(before, report, filled)
        if status is before.status and not news:
            return Change(before, before)
        check_transition(before.status, status)
        why = report.reason or reason
        self._keep_executions(connection, before, news, when)
        _update(
            connection, order_id, when, status=status, broker_order_id=report.broker_order_id, reason=why, message=None
        )
        _append_event(connection, order_id, OrderEvent(status, when.at, when.wall, why, by))
        return Change(before, self.order(connection, order_id))

    def order(self, connection: Connection, order_id: str) -> Order:
        """The order with its whole history.

        Raises:
            UnknownOrder: there is none of that id.
        """
        found = _found(connection, _NEWEST_FIRST.where(orders.c.id == order_id))
        if not found:
            raise UnknownOrder(f"there is no order {order_id!r}: `investiq trade list` shows those there are")
        return found[0]

    def open_orders(self, connection: Connection) -> Sequence[Order]:
        """Orders that may still fill, oldest first."""
        return _found(connection, _OPEN)[::-1]

    def watched(self, connection: Connection, ended_since: datetime) -> Sequence[Order]:
        """Open orders, and those cancelled or expired since the wall time `ended_since`: a late fill may come."""
        return _found(connection, _WATCHED, ended_since=ended_since)[::-1]

    def page(
        self,
        connection: Connection,
        *,
        limit: int,
        before: int | None = None,
        wanted: OrderFilter = EVERY_ORDER,
    ) -> Sequence[Order]:
        """Up to `limit` of the orders that are `wanted`, newest first, those with a number below `before`."""
        older = [] if before is None else [orders.c.number < before]
        return _found(connection, _NEWEST_FIRST.where(*older, *wanted.conditions()).limit(limit))

    def portfolio(self, connection: Connection, *, final: bool = False) -> Portfolio:
        """Cash and positions after every fill that this transaction sees.

        Args:
            final: fold these fills once and for all. Only in a transaction that writes nothing.
        """
        folded = self._fold(connection)
        if final:
            self._folded = folded
        return folded[1]

    def _fold(self, connection: Connection) -> tuple[int, Portfolio]:
        last, portfolio = self._folded
        # In parts: at a start this is every fill that there ever was.
        for rows in connection.execute(_FILLS_AFTER, {"last": last}).partitions():
            last, portfolio = rows[-1].id, portfolio.after_all(map(_fill, rows))
        return last, portfolio

    def _new_executions(
        self, connection: Connection, order_id: str, executions: Iterable[Execution]
    ) -> list[Execution]:
        known = set(connection.scalars(select(fills.c.execution_id).where(fills.c.order_id == order_id)))
        return [execution for execution in executions if execution.execution_id not in known]

    def _keep_executions(
        self, connection: Connection, order: Order, executions: Sequence[Execution], when: EventTime
    ) -> None:
        for execution in executions:
            row = {
                "order_id": order.id,
                "execution_id": execution.execution_id,
                "symbol": order.symbol,
                "side": order.side,
                "quantity": execution.quantity,
                "price": execution.price,
                "commission": execution.commission,
                "at": execution.at,
                "wall": when.wall,
            }
            connection.execute(insert(fills).values(row))
            totals = {
                "filled_quantity": orders.c.filled_quantity + execution.quantity,
                "filled_notional": orders.c.filled_notional + amount(execution.quantity * execution.price),
                "commission": orders.c.commission + execution.commission,
            }
            connection.execute(update(orders).where(orders.c.id == order.id).values(totals))


def _status(before: Order, report: BrokerOrder, filled: Decimal) -> OrderStatus:
    """What the order is now. The executions decide about fills: a broker's status may run ahead of them."""
    if filled == before.quantity:
        return OrderStatus.FILLED
    if before.status in _ENDED_WITH_REST:
        return before.status
    if report.status in _ENDED_WITH_REST:
        return report.status
    return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.ACCEPTED


def _update(connection: Connection, order_id: str, when: EventTime, **values: object) -> None:
    values |= {"updated_at": when.at, "updated_wall": when.wall}
    connection.execute(update(orders).where(orders.c.id == order_id).values(values))


def _append_event(connection: Connection, order_id: str, event: OrderEvent) -> None:
    connection.execute(insert(order_events).values(order_id=order_id, **asdict(event)))


def _found(connection: Connection, query: Select[Any], **parameters: object) -> list[Order]:
    rows = connection.execute(query, parameters).all()
    history = _history(connection, [row.id for row in rows])
    return [_order(row, history[row.id]) for row in rows]


def _history(connection: Connection, order_ids: Sequence[str]) -> defaultdict[str, list[OrderEvent]]:
    events: defaultdict[str, list[OrderEvent]] = defaultdict(list)
    for row in connection.execute(_HISTORY, {"order_ids": order_ids}) if order_ids else ():
        events[row.order_id].append(OrderEvent(OrderStatus(row.status), row.at, row.wall, row.reason, row.by))
    return events


def _order(row: Row[Any], history: Iterable[OrderEvent]) -> Order:
    average = (row.filled_notional / row.filled_quantity).quantize(PRICE_STEP) if row.filled_quantity else None
    return Order(
        number=row.number,
        id=row.id,
        client_order_id=row.client_order_id,
        symbol=Symbol(row.symbol),
        side=Side(row.side),
        order_type=OrderType(row.order_type),
        quantity=row.quantity,
        notional=row.notional,
        limit_price=row.limit_price,
        reserve_price=row.reserve_price,
        status=OrderStatus(row.status),
        filled_quantity=row.filled_quantity,
        average_price=average,
        commission=row.commission,
        reason=row.reason,
        message=row.message,
        created_by=row.created_by,
        created_at=row.created_at,
        created_wall=row.created_wall,
        updated_at=row.updated_at,
        updated_wall=row.updated_wall,
        history=tuple(history),
    )


def _fill(row: Row[Any]) -> Fill:
    return Fill(Symbol(row.symbol), Side(row.side), row.quantity, row.price, row.commission)

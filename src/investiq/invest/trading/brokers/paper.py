"""The paper broker: fills at the market's next real price, with its own books in the database.

- A market order fills at the first price whose sequence is above the one at acceptance: never at the price that was on
  the screen when it was decided. While the market is closed it waits.
- A limit order fills at the first later price at which the ask (to buy) or bid (to sell) is at the limit or better, and
  then at that ask or bid.
- Orders stand until filled or cancelled, over sessions too; at the end of the data they expire.
- Orders fill whole. An order that the cash or the shares no longer cover when its price comes is rejected.

Its tables are written in transactions of its own, as a real broker's are: what the ledger knows of them it learns
through the protocol, and a crash between the two is survived the same way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, func, insert, select, update

from investiq.foundation.store import DatabaseUnavailable, ping, reading, writing
from investiq.foundation.store.schema import paper_executions, paper_orders
from investiq.foundation.vocabulary import MarketPhase, OrderStatus, OrderType, Side, TradingMode
from investiq.invest.market.types import Quote, Symbol
from investiq.invest.trading.brokers.protocol import (
    BrokerAccount,
    BrokerOrder,
    BrokerUnavailable,
    Execution,
    UnknownAtBroker,
)
from investiq.invest.trading.costs import Costs
from investiq.invest.trading.market_view import MarketView, known_quote
from investiq.invest.trading.order import Order, amount

__all__ = ["PaperBroker"]

_NO_SEQUENCE = -1
"""Acceptance of an order for a symbol without a price: any price that comes is a later one."""

# What every tick asks is put together once: that takes as long as asking it.
_OPEN = select(paper_orders).where(paper_orders.c.status == OrderStatus.ACCEPTED)
_SUMS_AFTER = (
    select(
        paper_orders.c.symbol,
        paper_orders.c.side,
        func.sum(paper_executions.c.quantity),
        func.sum(paper_executions.c.notional),
        func.sum(paper_executions.c.commission),
        func.max(paper_executions.c.id),
    )
    .join_from(paper_executions, paper_orders)
    .where(paper_executions.c.id > bindparam("last"))
    .group_by(paper_orders.c.symbol, paper_orders.c.side)
)


class PaperBroker:
    """See the module. `mode` is what prices it fills at: replayed ones, or those of the day."""

    name = "paper"
    lookup_grace = timedelta(0)  # its books are in the same database: what is not there was never placed

    def __init__(
        self, engine: Engine, market: MarketView, costs: Costs, initial_cash: Decimal, mode: TradingMode
    ) -> None:
        self._engine = engine
        self._market = market
        self._costs = costs
        self._summed = 0, BrokerAccount(initial_cash, {})
        self._mode = mode

    def mode(self) -> TradingMode:
        """Replay or paper, never live."""
        return self._mode

    def ping(self) -> None:
        """Reach its books."""
        with _as_a_broker():
            ping(self._engine)

    def submit(self, order: Order) -> BrokerOrder:
        """Accept `order`; the answer to a second submit is the order that is there already."""
        quote = known_quote(self._market, order.symbol)
        ended = self._market.phase() is MarketPhase.ENDED
        row = {
            "client_order_id": order.client_order_id,
            "symbol": order.symbol,
            "side": order.side,
            "order_type": order.order_type,
            "quantity": order.quantity,
            "limit_price": order.limit_price,
            "accepted_at": self._market.now(),
            "accepted_sequence": quote.sequence if quote else _NO_SEQUENCE,
            "status": OrderStatus.REJECTED if ended else OrderStatus.ACCEPTED,
            "reason": "market_ended" if ended else None,
        }
        with self._writing() as connection:
            if not _rows(connection, [order.client_order_id]):
                connection.execute(insert(paper_orders).values(row))
            return _snapshots(connection, [order.client_order_id])[0]

    def cancel(self, client_order_id: str) -> BrokerOrder:
        """Cancel at once, unless the order is no longer open.

        Raises:
            UnknownAtBroker: there is no such order.
        """
        with self._writing() as connection:
            rows = _rows(connection, [client_order_id])
            if not rows:
                raise UnknownAtBroker(f"the paper broker has no order {client_order_id!r}")
            if rows[0].status == OrderStatus.ACCEPTED:
                _close(connection, client_order_id, OrderStatus.CANCELLED, None)
            return _snapshots(connection, [client_order_id])[0]

    def lookup(self, client_order_id: str) -> BrokerOrder | None:
        """The order of that id, None when there is none."""
        with self._reading() as connection:
            return next(iter(_snapshots(connection, [client_order_id])), None)

    def poll(self, client_order_ids: Sequence[str]) -> Sequence[BrokerOrder]:
        """Fill what the latest prices fill, then tell how these orders stand."""
        self._fill_open_orders()
        with self._reading() as connection:
            return _snapshots(connection, client_order_ids)

    def account(self) -> BrokerAccount:
        """Cash and shares, summed from the executions."""
        with self._reading() as connection:
            self._remember(connection)
            return self._account(connection)

    def _fill_open_orders(self) -> None:
        with self._reading() as connection:
            self._remember(connection)
            rows = connection.execute(_OPEN).all()
        ended = self._market.phase() is MarketPhase.ENDED
        for row in rows:
            quote = known_quote(self._market, Symbol(row.symbol))
            price = self._fill_price(row, quote)
            if quote is not None and price is not None:
                self._fill(row, quote, price)
            elif ended:
                self._expire(row.client_order_id)

    def _fill_price(self, row: Row[Any], quote: Quote | None) -> Decimal | None:
        if quote is None or quote.sequence <= row.accepted_sequence:
            return None
        price = self._costs.price(Side(row.side), quote.price)
        if row.order_type == OrderType.LIMIT:
            reached = price <= row.limit_price if row.side == Side.BUY else price >= row.limit_price
            return price if reached else None
        return price

    def _fill(self, row: Row[Any], quote: Quote, price: Decimal) -> None:
        commission = self._costs.commission(row.quantity)
        notional = amount(row.quantity * price)
        with self._writing() as connection:
            if not _still_open(connection, row.client_order_id):
                return
            shortfall = _shortfall(row, notional, commission, self._account(connection))
            if shortfall:
                _close(connection, row.client_order_id, OrderStatus.REJECTED, shortfall)
                return
            execution = {
                "execution_id": f"{row.client_order_id}-{quote.sequence}",
                "client_order_id": row.client_order_id,
                "quantity": row.quantity,
                "price": price,
                "notional": notional,
                "commission": commission,
                "at": quote.at,
            }
            connection.execute(insert(paper_executions).values(execution))
            _close(connection, row.client_order_id, OrderStatus.FILLED, None)

    def _expire(self, client_order_id: str) -> None:
        with self._writing() as connection:
            if _still_open(connection, client_order_id):
                _close(connection, client_order_id, OrderStatus.EXPIRED, "market_ended")

    def _remember(self, connection: Connection) -> None:
        """Sum the executions so far once and for all: only where nothing was written, so that what it sees is final."""
        self._summed = self._sum(connection)

    def _account(self, connection: Connection) -> BrokerAccount:
        return self._sum(connection)[1]

    def _sum(self, connection: Connection) -> tuple[int, BrokerAccount]:
        """The number of the last execution, and the account after it; those that are summed already are not read."""
        last, before = self._summed
        cash, positions = before.cash, defaultdict(Decimal, before.positions)
        rows = connection.execute(_SUMS_AFTER, {"last": last})
        for symbol, side, quantity, notional, commission, newest in rows:
            sign = 1 if side == Side.BUY else -1
            cash -= sign * notional + commission
            positions[Symbol(symbol)] += sign * quantity
            last = max(last, newest)
        return last, BrokerAccount(cash, {symbol: quantity for symbol, quantity in positions.items() if quantity})

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _as_a_broker(), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _as_a_broker(), writing(self._engine) as connection:
            yield connection


@contextmanager
def _as_a_broker() -> Iterator[None]:
    try:
        yield
    except DatabaseUnavailable as error:
        raise BrokerUnavailable(f"the paper broker cannot reach its books: {error.message}") from error


def _rows(connection: Connection, ids: Sequence[str]) -> Sequence[Row[Any]]:
    return connection.execute(select(paper_orders).where(paper_orders.c.client_order_id.in_(ids))).all()


def _still_open(connection: Connection, client_order_id: str) -> bool:
    return bool(_rows(connection, [client_order_id])[0].status == OrderStatus.ACCEPTED)


def _close(connection: Connection, client_order_id: str, status: OrderStatus, reason: str | None) -> None:
    order = paper_orders.c.client_order_id == client_order_id
    connection.execute(update(paper_orders).where(order).values(status=status, reason=reason))


def _shortfall(row: Row[Any], notional: Decimal, commission: Decimal, account: BrokerAccount) -> str | None:
    if row.side == Side.SELL and row.quantity > account.positions.get(row.symbol, Decimal(0)):
        return "insufficient_shares"
    paid = notional if row.side == Side.BUY else -notional  # a tiny sale may bring less than its commission
    return "insufficient_cash" if paid + commission > account.cash else None


def _snapshots(connection: Connection, ids: Sequence[str]) -> list[BrokerOrder]:
    e = paper_executions.c
    executions: defaultdict[str, list[Execution]] = defaultdict(list)
    for row in connection.execute(select(paper_executions).where(e.client_order_id.in_(ids)).order_by(e.id)):
        executions[row.client_order_id].append(
            Execution(row.execution_id, row.quantity, row.price, row.commission, row.at)
        )
    return [
        BrokerOrder(
            row.client_order_id,
            f"paper-{row.client_order_id}",
            OrderStatus(row.status),
            tuple(executions[row.client_order_id]),
            row.reason,
        )
        for row in _rows(connection, ids)
    ]

"""Fills a ledger with made orders, as a long life would: the same ones for the same size, straight into SQLite."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import NamedTuple

__all__ = ["fill_ledger"]

_SYMBOLS = ("AAPL", "IBM", "MSFT")
_UNITS = 10_000
_HELD_AT_MOST = 3
_CANCELLED_EVERY = 20
_BATCH = 20_000
_BEGIN = datetime(2001, 1, 2, 15, 0, tzinfo=UTC)


class _Order(NamedTuple):
    number: int
    id: str
    symbol: str
    side: str
    price: int | None
    """In the smallest unit; None when it was cancelled."""
    at: str


def fill_ledger(path: Path, orders: int) -> None:
    """Add so many orders to an empty, migrated ledger. One in twenty was cancelled, every other one filled whole."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        made = _orders(orders)
        while batch := list(islice(made, _BATCH)):
            for statement, rows in _STATEMENTS.items():
                connection.executemany(statement, [row for order in batch for row in rows(order)])
    connection.close()


def _orders(count: int) -> Iterator[_Order]:
    chance = random.Random(count)  # noqa: S311 - the same ones each time
    held: Counter[str] = Counter()
    for number in range(1, count + 1):
        symbol = chance.choice(_SYMBOLS)
        side = "sell" if held[symbol] and (held[symbol] >= _HELD_AT_MOST or chance.random() < 0.5) else "buy"
        cancelled = number % _CANCELLED_EVERY == 0
        if not cancelled:
            held[symbol] += 1 if side == "buy" else -1
        price = None if cancelled else 50 * _UNITS + chance.randrange(-5_000, 5_000)
        at = _BEGIN + timedelta(seconds=60 * number)
        yield _Order(number, f"{number:032x}", symbol, side, price, f"{at:%Y-%m-%d %H:%M:%S}.000000")


def _order(o: _Order) -> Iterator[tuple[object, ...]]:
    filled = (_UNITS, o.price) if o.price else (0, 0)
    status = "filled" if o.price else "cancelled"
    yield o.number, o.id, f"iq-{o.id}", f"paper-{o.id}", o.symbol, o.side, _UNITS, status, *filled, *[o.at] * 4


def _key(o: _Order) -> Iterator[tuple[object, ...]]:
    yield o.id, "0" * 64, o.id, o.at


def _events(o: _Order) -> Iterator[tuple[object, ...]]:
    for status in ("pending_new", "accepted", "filled" if o.price else "cancelled"):
        yield o.id, status, o.at, o.at


def _fill(o: _Order) -> Iterator[tuple[object, ...]]:
    if o.price:
        yield o.id, f"iq-{o.id}-1", o.symbol, o.side, _UNITS, o.price, o.at, o.at


def _equity(o: _Order) -> Iterator[tuple[object, ...]]:
    yield o.at, o.at, 100_000 * _UNITS


def _paper_order(o: _Order) -> Iterator[tuple[object, ...]]:
    yield f"iq-{o.id}", o.symbol, o.side, _UNITS, o.at, o.number, "filled" if o.price else "cancelled"


def _paper_execution(o: _Order) -> Iterator[tuple[object, ...]]:
    if o.price:
        yield f"iq-{o.id}-1", f"iq-{o.id}", _UNITS, o.price, o.price, o.at


_STATEMENTS = {
    "INSERT INTO orders (number, id, client_order_id, broker_order_id, symbol, side, order_type, quantity, status, "
    "filled_quantity, filled_notional, commission, created_by, created_at, created_wall, updated_at, updated_wall) "
    "VALUES (?, ?, ?, ?, ?, ?, 'market', ?, ?, ?, ?, 0, 'made', ?, ?, ?, ?)": _order,
    "INSERT INTO idempotency_keys (key, fingerprint, order_id, wall) VALUES (?, ?, ?, ?)": _key,
    "INSERT INTO order_events (order_id, status, at, wall) VALUES (?, ?, ?, ?)": _events,
    "INSERT INTO fills (order_id, execution_id, symbol, side, quantity, price, commission, at, wall) "
    "VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)": _fill,
    "INSERT INTO equity_points (at, wall, equity, drawdown) VALUES (?, ?, ?, 0)": _equity,
    "INSERT INTO paper_orders (client_order_id, symbol, side, order_type, quantity, accepted_at, accepted_sequence, "
    "status) VALUES (?, ?, ?, 'market', ?, ?, ?, ?)": _paper_order,
    "INSERT INTO paper_executions (execution_id, client_order_id, quantity, price, notional, commission, at) "
    "VALUES (?, ?, ?, ?, ?, 0, ?)": _paper_execution,
}

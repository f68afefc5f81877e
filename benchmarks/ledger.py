"""What keeping an order costs: our ledger beside bare sqlite3 that writes the same rows as durably.

    python -m benchmarks.ledger [--rounds 31] [--quick] [--json]

Both write an order, its idempotency key and its history in one transaction, and its fill in a second one, to an SQLite
file in the same folder; WAL, synchronous = FULL and foreign keys are set on both. That both files then hold the same
rows is asserted. Time is that of the clock: the disk is waited for.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Engine

from benchmarks.rows import Report, Rounds, Row, main
from investiq.foundation.store import migrate, open_engine, writing
from investiq.foundation.vocabulary import OrderStatus, Side
from investiq.invest.market.types import Symbol
from investiq.invest.trading.brokers.protocol import BrokerOrder, Execution
from investiq.invest.trading.event_time import EventTime
from investiq.invest.trading.ledger import Entry, Ledger
from investiq.invest.trading.order import OrderRequest

ORDERS = 20
"""In a round, for each contender."""
TABLES = ("orders", "idempotency_keys", "order_events", "fills")
COMMAND = "python -m benchmarks.ledger"

NOW = datetime(2008, 1, 3, 17, 0, tzinfo=UTC)
WHEN = EventTime(NOW, NOW)
REQUEST = OrderRequest(symbol=Symbol("AAPL"), side=Side.BUY, quantity=Decimal(10))
PRICE = Decimal("27.85")

Write = Callable[[str], None]


def ours(engine: Engine) -> Write:
    """The two transactions of the desk and the router, without what they decide."""
    ledger = Ledger(Decimal(100_000))

    def write(order_id: str) -> None:
        entry = Entry(request=REQUEST, quantity=REQUEST.quantity, reserve_price=PRICE, denial=None, when=WHEN)
        with writing(engine) as connection:
            ledger.enter(connection, order_id, entry, key=order_id, by="benchmark")
        execution = Execution(f"{order_id}-1", Decimal(10), PRICE, Decimal(1), NOW)
        report = BrokerOrder(f"iq-{order_id}", f"paper-{order_id}", OrderStatus.FILLED, (execution,), None)
        with writing(engine) as connection:
            ledger.merge(connection, order_id, report, WHEN)

    return write


_TIME = "2008-01-03 17:00:00.000000"
_UNITS = 10_000
"""The smallest unit of a stored amount, in a dollar or a share."""


def bare(connection: sqlite3.Connection) -> Write:
    """The same rows, spelled out."""
    order = (
        "INSERT INTO orders (id, client_order_id, symbol, side, order_type, quantity, reserve_price, status, "
        "filled_quantity, filled_notional, commission, created_by, created_at, created_wall, updated_at, updated_wall) "
        "VALUES (?, ?, 'AAPL', 'buy', 'market', ?, ?, 'pending_new', 0, 0, 0, 'benchmark', ?, ?, ?, ?)"
    )
    key = "INSERT INTO idempotency_keys (key, fingerprint, order_id, wall) VALUES (?, ?, ?, ?)"
    event = "INSERT INTO order_events (order_id, status, by, at, wall) VALUES (?, ?, ?, ?, ?)"
    fill = (
        "INSERT INTO fills (order_id, execution_id, symbol, side, quantity, price, commission, at, wall) "
        "VALUES (?, ?, 'AAPL', 'buy', ?, ?, ?, ?, ?)"
    )
    filled = (
        "UPDATE orders SET status = 'filled', broker_order_id = ?, filled_quantity = ?, filled_notional = ?, "
        "commission = ?, updated_at = ?, updated_wall = ? WHERE id = ?"
    )
    quantity, price, notional = 10 * _UNITS, int(PRICE * _UNITS), int(10 * PRICE * _UNITS)
    fingerprint = REQUEST.fingerprint()

    def write(order_id: str) -> None:
        execute = connection.execute
        execute("BEGIN IMMEDIATE")
        execute(order, (order_id, f"iq-{order_id}", quantity, price, _TIME, _TIME, _TIME, _TIME))
        execute(key, (order_id, fingerprint, order_id, _TIME))
        execute(event, (order_id, "pending_new", "benchmark", _TIME, _TIME))
        execute("COMMIT")
        execute("BEGIN IMMEDIATE")
        execute(fill, (order_id, f"{order_id}-1", quantity, price, _UNITS, _TIME, _TIME))
        execute(filled, (f"paper-{order_id}", quantity, notional, _UNITS, _TIME, _TIME, order_id))
        execute(event, (order_id, "filled", None, _TIME, _TIME))
        execute("COMMIT")

    return write


def open_bare(path: Path) -> sqlite3.Connection:
    """The same settings as `store.engine` has; they are compared with what that has set."""
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {setting}")
    return connection


def as_durable(engine: Engine, connection: sqlite3.Connection) -> None:
    """Both are set alike.

    Raises:
        AssertionError: they are not, so a comparison would mean nothing.
    """
    with writing(engine) as ours_connection:
        for name in ("journal_mode", "synchronous", "foreign_keys"):
            (theirs,) = connection.execute(f"PRAGMA {name}").fetchone()
            assert ours_connection.exec_driver_sql(f"PRAGMA {name}").scalar() == theirs, name


def same_rows(one: Path, other: Path) -> None:
    """Both files hold the same.

    Raises:
        AssertionError: they do not.
    """
    with sqlite3.connect(one) as first, sqlite3.connect(other) as second:
        for table in TABLES:
            query = f"SELECT * FROM {table} ORDER BY 1"  # noqa: S608 - names of ours
            assert first.execute(query).fetchall() == second.execute(query).fetchall(), table


def measure(rounds: Rounds) -> Report:
    with TemporaryDirectory() as folder:
        files = {"ours": Path(folder) / "ours.db", "bare": Path(folder) / "bare.db"}
        engines = {name: open_engine(f"sqlite:///{file}") for name, file in files.items()}
        for engine in engines.values():
            migrate(engine)
        engines["bare"].dispose()
        connection = open_bare(files["bare"])
        as_durable(engines["ours"], connection)
        writers = {"ours": ours(engines["ours"]), "bare": bare(connection)}
        for write in writers.values():
            write(_id(0, 0))
        times: dict[str, list[float]] = {name: [] for name in writers}
        for number in rounds:
            for name, write in writers.items():
                times[name].append(_milliseconds(write, number))
        same_rows(files["ours"], files["bare"])
        engines["ours"].dispose()
        connection.close()
    return Report(
        [
            Row(
                name="an order and its fill in the ledger",
                unit="ms",
                ours=times["ours"],
                peer_name="sqlite3",
                peer=times["bare"],
                not_compared="only ours reads the order back, knows an execution it has heard of and checks each step "
                "of its state; risk limits, broker and HTTP are on neither side",
                command=COMMAND,
            )
        ]
    )


def _id(number: int, index: int) -> str:
    return uuid5(NAMESPACE_URL, f"{number}/{index}").hex


def _milliseconds(write: Write, number: int) -> float:
    started = time.perf_counter()
    for index in range(ORDERS):
        write(_id(number, index))
    return (time.perf_counter() - started) / ORDERS * 1e3


if __name__ == "__main__":
    main("ledger", __doc__, measure, rounds=31, quick=3)

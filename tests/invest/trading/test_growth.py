"""A long past costs the trading tick nothing, and a start no memory that grows with it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pytest
from sqlalchemy import Engine, event

from benchmarks.made_ledger import fill_ledger
from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.store import migrate, open_engine, reading
from investiq.foundation.vocabulary import TradingMode
from investiq.invest.trading.brokers.paper import PaperBroker
from investiq.invest.trading.costs import Costs
from investiq.invest.trading.event_time import wall_now
from investiq.invest.trading.ledger import Ledger
from investiq.invest.trading.order_router import LATE_FILL_WINDOW
from tests.invest.analysis.made_markets import SYMBOL, made_bars, market_at_close
from tests.invest.trading.conftest import Bench

CASH = Decimal(100_000)


@pytest.fixture
def engines(folder: Path) -> Iterator[tuple[Engine, Engine]]:
    """A ledger with a short past, and one with five times as much."""
    found = []
    for orders in (2_000, 10_000):
        path = folder / f"{orders}.db"
        engine = open_engine(f"sqlite:///{path}")
        migrate(engine)
        engine.dispose()
        fill_ledger(path, orders)
        found.append(engine)
    few, many = found
    yield few, many
    few.dispose()
    many.dispose()


def _steps_of_a_look(engine: Engine) -> int:
    """Steps of SQLite's machine until the orders that the tick follows are known."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    @event.listens_for(engine, "checkout")
    def count(connection: Connection, *_: object) -> None:
        connection.set_progress_handler(step, 1)

    with reading(engine) as connection:
        assert Ledger(CASH).watched(connection, wall_now() - LATE_FILL_WINDOW) == []
    return steps


def _steps_of_an_account(engine: Engine) -> int:
    """Steps of SQLite's machine until a broker that knows its account is asked for it again."""
    market, _ = market_at_close({SYMBOL: made_bars([10.0])})
    broker = PaperBroker(engine, market, Costs.of(TradingConfig()), CASH, TradingMode.REPLAY)
    known = broker.account()
    assert known.positions
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    @event.listens_for(engine, "checkout")
    def count(connection: Connection, *_: object) -> None:
        connection.set_progress_handler(step, 1)

    assert broker.account() == known
    return steps


def _peak_of_a_start(engine: Engine) -> int:
    """Bytes that Python had at most while every fill was folded."""
    with reading(engine) as connection:
        tracemalloc.start()
        assert Ledger(CASH).portfolio(connection).positions
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


def test_orders_that_ended_long_ago_cost_the_tick_nothing(engines: tuple[Engine, Engine]) -> None:
    few, many = map(_steps_of_a_look, engines)
    assert many < 1.5 * few


def test_executions_of_long_ago_cost_the_next_fill_nothing(engines: tuple[Engine, Engine]) -> None:
    few, many = map(_steps_of_an_account, engines)
    assert many < 1.5 * few


def test_a_start_reads_the_fills_in_parts(engines: tuple[Engine, Engine]) -> None:
    few, many = map(_peak_of_a_start, engines)
    assert many < 2 * few  # at once it would be five times as much


def test_the_parts_make_the_same_portfolio_as_all_fills_at_once(engines: tuple[Engine, Engine]) -> None:
    _, many = engines
    ledger = Ledger(CASH)
    with reading(many) as connection:
        ledger.portfolio(connection, final=True)
        portfolio = ledger.portfolio(connection)
        paid = "SELECT sum(CASE side WHEN 'buy' THEN price ELSE -price END) FROM fills"  # a share each
        spent = connection.exec_driver_sql(paid).scalar_one()
    assert portfolio.cash == CASH - Decimal(spent).scaleb(-4)


def test_while_nothing_is_open_a_tick_is_one_transaction_and_reads_each_fill_once(bench: Bench) -> None:
    bench.hold("10")
    bench.wall.pass_by(hours=2)
    bench.desk.tick()
    transactions, fills = 0, 0

    @event.listens_for(bench.engine, "begin")
    def begin(_connection: object) -> None:
        nonlocal transactions
        transactions += 1

    @event.listens_for(bench.engine, "after_cursor_execute")
    def executed(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        nonlocal fills
        fills += "FROM fills" in statement and cursor.fetchone() is not None

    bench.desk.tick()
    assert (transactions, fills) == (1, 0)
    bench.buy("1", limit="1")
    transactions = 0
    bench.desk.tick()
    assert transactions > 1  # the broker is asked in none of them


def test_it_is_at_rest_until_somebody_changes_something(bench: Bench) -> None:
    bench.hold("10")
    bench.wall.pass_by(hours=2)  # no late fill is waited for any more
    bench.desk.tick()
    assert bench.desk.is_at_rest
    order = bench.buy("1", limit="1")
    bench.desk.tick()
    assert not bench.desk.is_at_rest  # an order is open
    bench.desk.cancel(order.order.id, "test")
    assert not bench.desk.is_at_rest
    bench.wall.pass_by(hours=2)
    bench.desk.tick()
    assert bench.desk.is_at_rest
    bench.desk.halt("by hand", "test")
    assert not bench.desk.is_at_rest

"""Whatever is asked, in whatever order, with crashes in between: the books hold."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine

from investiq.foundation.store import migrate, open_engine
from investiq.foundation.vocabulary import OrderStatus, Side
from investiq.invest.trading.brokers.protocol import BrokerOrder
from investiq.invest.trading.order import TRANSITIONS, Order
from tests.chance import examples
from tests.foundation.store.postgres import empty
from tests.invest.trading.conftest import Bench
from tests.invest.trading.fakes import AAPL, MSFT

symbols = st.sampled_from([AAPL, MSFT])
sides = st.sampled_from(Side)
quantities = st.decimals(min_value="0.0001", max_value=400, places=4).map(str)
dollars = st.decimals(min_value="0.01", max_value=30_000, places=2).map(str)
moves = st.decimals(min_value="0.85", max_value="1.2", places=3)
keys = st.sampled_from(["a", "b", "c", "d", "e", "f"])


class Crash(BaseException):
    """The process is gone."""


class AnySequence(RuleBasedStateMachine):
    """A desk on the paper broker. Subclasses bring the database."""

    new_engine: Callable[[], Engine]

    def __init__(self) -> None:
        super().__init__()
        self.engine = type(self).new_engine()
        costs = {"spread_bps": "7", "commission_per_share": "0.0051", "commission_minimum": "0.37"}
        limits = {"daily_loss_limit": "0.10", "max_exposure_fraction": "1", "max_position_fraction": "0.8"}
        self.bench = Bench(self.engine, settings={k: Decimal(v) for k, v in (costs | limits).items()})
        self.keys: dict[str, str] = {}

    def teardown(self) -> None:
        self.engine.dispose()

    @rule(symbol=symbols, side=sides, quantity=quantities)
    def order_shares(self, symbol: str, side: Side, quantity: str) -> None:
        self.bench.order(side, quantity, symbol=symbol)

    @rule(symbol=symbols, side=sides, notional=dollars)
    def order_dollars(self, symbol: str, side: Side, notional: str) -> None:
        self.bench.order(side, notional=notional, symbol=symbol)

    @rule(symbol=symbols, side=sides, quantity=quantities, limit=st.sampled_from(["40", "52", "95", "104"]))
    def order_at_a_limit(self, symbol: str, side: Side, quantity: str, limit: str) -> None:
        self.bench.order(side, quantity, symbol=symbol, limit=limit)

    @rule(key=keys)
    def order_with_a_key(self, key: str) -> None:
        submission = self.bench.buy("1.5", key=key)
        assert submission.replayed == (key in self.keys)
        assert self.keys.setdefault(key, submission.order.id) == submission.order.id

    @rule(side=sides, arrived=st.booleans())
    def crash_while_sending(self, side: Side, arrived: bool) -> None:
        broker = self.bench.desk._broker
        submit = broker.submit

        def crashing(order: Order) -> BrokerOrder:
            if arrived:
                submit(order)
            raise Crash

        broker.submit = crashing  # type: ignore[method-assign]
        try:
            self.bench.order(side, "3")
        except Crash:
            self.bench.restart()
        else:
            broker.submit = submit  # type: ignore[method-assign]

    @rule(symbol=symbols, move=moves, ticks=st.integers(0, 2))
    def price_moves(self, symbol: str, move: Decimal, ticks: int) -> None:
        quote = self.bench.market.quote(AAPL if symbol == AAPL else MSFT)
        assert quote is not None
        self.bench.market.price(quote.symbol, (quote.price * move).quantize(Decimal("0.0001")))
        for _ in range(ticks):
            self.bench.desk.tick()

    @rule(position=st.integers(0, 5))
    def cancel(self, position: int) -> None:
        open_orders = [o for o in self.bench.desk.orders().orders if o.is_open]
        if position < len(open_orders):
            self.bench.desk.cancel(open_orders[position].id, "tester")

    @rule()
    def new_session(self) -> None:
        self.bench.market.open_session()

    @rule()
    def restart(self) -> None:
        self.bench.restart()

    @rule()
    def halt(self) -> None:
        self.bench.desk.halt("", "tester")

    @precondition(lambda self: self.bench.desk.status().halted)
    @rule()
    def resume(self) -> None:
        self.bench.desk.resume("go on", "tester")

    @invariant()
    def every_dollar_is_accounted_for(self) -> None:
        account = self.bench.desk.account()
        assert account.cash >= 0
        assert account.equity is not None
        assert account.unrealised_pnl is not None
        assert account.equity == account.initial_cash + account.net_realised_pnl + account.unrealised_pnl
        assert account.net_realised_pnl == account.realised_pnl - account.commission_paid
        positions = self.bench.desk.positions()
        every = [(p.net_realised_pnl, p.commission_paid) for p in positions.held]
        every += [(p.net_realised_pnl, p.commission_paid) for p in positions.closed]
        assert sum(earned for earned, _ in every) == account.net_realised_pnl
        assert sum(paid for _, paid in every) == account.commission_paid
        assert account.high_water_mark >= account.equity

    @invariant()
    def nothing_is_held_short_or_promised_twice(self) -> None:
        orders = self.bench.desk.orders(limit=1000).orders
        held = {position.symbol: position.quantity for position in self.bench.desk.positions().held}
        assert all(quantity > 0 for quantity in held.values())
        for symbol in (AAPL, MSFT):
            on_sale = sum(o.remaining for o in orders if o.side is Side.SELL and o.symbol == symbol)
            assert on_sale <= held.get(symbol, 0)

    @invariant()
    def ledger_and_broker_agree_after_a_tick(self) -> None:
        self.bench.desk.tick()
        account, broker = self.bench.desk.account(), self.bench.desk._broker.account()
        assert account.cash == broker.cash
        assert {p.symbol: p.quantity for p in self.bench.desk.positions().held} == dict(broker.positions)

    @invariant()
    def every_order_came_its_way_by_the_table(self) -> None:
        orders = self.bench.desk.orders(limit=1000).orders
        for order in orders:
            ways = [event.status for event in order.history]
            assert ways[0] in (OrderStatus.PENDING_NEW, OrderStatus.DENIED)
            assert ways[-1] is order.status
            assert all(after in TRANSITIONS[before] for before, after in pairwise(ways))
            whole = bool(order.quantity) and order.filled_quantity == order.quantity  # too small: no quantity was asked
            assert (order.status is OrderStatus.FILLED) == whole
        assert len({order.client_order_id for order in orders}) == len(orders)
        assert {o.id for o in orders if o.created_by} >= set(self.keys.values())


def test_the_books_hold_on_sqlite(folder: Path) -> None:
    template = folder / "template.db"
    migrated = open_engine(f"sqlite:///{template}")
    migrate(migrated)
    migrated.dispose()
    made = iter(range(10**6))

    def new_engine() -> Engine:
        path = folder / f"{next(made)}.db"
        shutil.copy(template, path)
        return open_engine(f"sqlite:///{path}")

    run(new_engine, number=6)


@pytest.mark.e2e
def test_the_books_hold_on_postgresql(postgres_ledger: str) -> None:
    def new_engine() -> Engine:
        engine = open_engine(postgres_ledger)
        empty(engine)
        return engine

    run(new_engine, number=3)


def run(new_engine: Callable[[], Engine], number: int) -> None:
    machine = type("AnySequence", (AnySequence,), {"new_engine": staticmethod(new_engine)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples(number),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

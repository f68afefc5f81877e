"""Intents, idempotency, doubts and recovery: what must hold whatever the broker and the process do."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, event

from investiq.foundation.store import DatabaseUnavailable, writing
from investiq.foundation.telemetry.catalogue import ORDERS, TRADES
from investiq.foundation.vocabulary import OrderStatus, Side
from investiq.invest.trading.brokers.protocol import BrokerOrder, BrokerUnavailable
from investiq.invest.trading.event_time import EventTime
from investiq.invest.trading.ledger import (
    IdempotencyKeyReused,
    InvalidIdempotencyKey,
    Ledger,
    OrderFilter,
    Overfilled,
    UnknownOrder,
)
from investiq.invest.trading.order import IllegalTransition, Order, OrderRequest
from investiq.invest.trading.order_router import LATE_FILL_WINDOW, OrderNotOpen
from tests.invest.trading.conftest import Bench
from tests.invest.trading.fakes import AAPL, FakeBroker


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.fixture
def scripted(engine: Engine, broker: FakeBroker) -> Bench:
    """A desk whose broker does what the test says."""
    return Bench(engine, broker=broker)


class Crash(BaseException):
    """The process is gone: nothing that catches errors gets to see it."""


# ---- the intent comes first ----


def test_the_intent_is_kept_before_the_broker_hears_of_the_order(scripted: Bench, broker: FakeBroker) -> None:
    seen: list[Order] = []
    submit = broker.submit

    def spying(order: Order) -> BrokerOrder:
        seen.append(scripted.desk.order(order.id))
        return submit(order)

    broker.submit = spying  # type: ignore[method-assign]
    order = scripted.buy("10").order
    assert [(o.status, o.client_order_id) for o in seen] == [("pending_new", order.client_order_id)]


def test_when_the_intent_cannot_be_kept_the_broker_is_not_called(scripted: Bench, broker: FakeBroker) -> None:
    def refuse(_connection: object) -> None:
        raise DatabaseUnavailable("the disk is full")

    event.listen(scripted.engine, "commit", refuse)
    with pytest.raises(DatabaseUnavailable):
        scripted.buy("10", key="k")
    event.remove(scripted.engine, "commit", refuse)
    assert broker.submitted == []
    assert scripted.buy("10", key="k").replayed is False


# ---- idempotency ----


def test_the_same_key_and_order_is_answered_with_the_order_of_before(scripted: Bench, broker: FakeBroker) -> None:
    first = scripted.buy("10", key="k")
    again = scripted.buy("10.0", key="k")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.order == first.order
    assert len(broker.submitted) == 1


def test_the_same_key_with_another_order_is_refused(scripted: Bench, broker: FakeBroker) -> None:
    first = scripted.buy("10", key="k")
    with pytest.raises(IdempotencyKeyReused) as caught:
        scripted.buy("11", key="k")
    assert caught.value.detail == {"order_id": first.order.id}
    assert len(broker.submitted) == 1


def test_a_denied_order_is_replayed_as_denied_even_when_it_would_pass_now(scripted: Bench) -> None:
    scripted.desk.halt("test", "tester")
    assert scripted.buy("10", key="k").order.status == "denied"
    scripted.desk.resume("test over", "tester")
    again = scripted.buy("10", key="k")
    assert (again.replayed, again.order.status) == (True, "denied")


def test_keys_outlive_the_process(scripted: Bench, broker: FakeBroker) -> None:
    first = scripted.buy("10", key="k").order
    scripted.restart()
    assert scripted.buy("10", key="k").order.id == first.id
    assert len(broker.submitted) == 1


def test_of_many_at_once_with_one_key_only_one_is_sent(scripted: Bench, broker: FakeBroker) -> None:
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(scripted.buy("10", key="k").replayed)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] + [True] * 7
    assert len(broker.submitted) == 1


def test_of_many_at_once_no_more_than_the_limits_allow_are_sent(bench: Bench) -> None:
    """Eight buys of $10,000 each, one symbol, and room for two: decisions do not overlap."""
    statuses: list[str] = []
    threads = [threading.Thread(target=lambda: statuses.append(bench.buy("100").order.status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == ["accepted"] * 2 + ["denied"] * 6


@pytest.mark.parametrize("key", ["", "   ", "x" * 256, "new\nline"])
def test_a_key_that_is_none_is_refused(scripted: Bench, key: str) -> None:
    request = OrderRequest(symbol=AAPL, side=Side.BUY, quantity=Decimal(1))
    with pytest.raises(InvalidIdempotencyKey):
        scripted.desk.submit(request, key, "tester")


# ---- doubts ----


def test_no_answer_makes_the_order_unknown_and_a_look_up_finds_it(scripted: Bench, broker: FakeBroker) -> None:
    broker.silent_after_taking = True
    order = scripted.buy("10").order
    assert (order.status, order.is_open) == ("unknown", True)
    scripted.desk.tick()
    assert scripted.desk.order(order.id).status == "accepted"
    assert len(broker.submitted) == 1
    assert scripted.sample(ORDERS, outcome="unknown") == 1


def test_an_order_that_never_arrived_is_rejected_and_not_sent_again(scripted: Bench, broker: FakeBroker) -> None:
    broker.silent = True
    order = scripted.buy("10").order
    with pytest.raises(BrokerUnavailable):
        scripted.desk.tick()
    assert scripted.desk.order(order.id).status == "unknown"
    broker.silent = False
    scripted.desk.tick()
    ended = scripted.desk.order(order.id)
    assert (ended.status, ended.reason) == ("rejected", "never_arrived")
    assert len(broker.submitted) == 1


def test_not_found_counts_only_after_the_brokers_grace(engine: Engine) -> None:
    broker = FakeBroker(lookup_grace=timedelta(seconds=30))
    bench = Bench(engine, broker=broker)
    broker.silent = True
    order = bench.buy("10").order
    broker.silent = False
    bench.wall.pass_by(seconds=29)
    bench.desk.tick()
    assert bench.desk.order(order.id).status == "unknown"
    bench.wall.pass_by(seconds=1)
    bench.desk.tick()
    assert bench.desk.order(order.id).status == "rejected"


def test_an_unknown_order_keeps_its_claim_on_the_limits(scripted: Bench, broker: FakeBroker) -> None:
    broker.silent_after_taking = True
    scripted.buy("200")
    assert scripted.buy("100").order.reason == "position_limit"


@pytest.mark.parametrize("arrived", [True, False])
def test_a_crash_between_intent_and_answer_is_cleared_up_at_the_next_start(
    scripted: Bench, broker: FakeBroker, arrived: bool
) -> None:
    submit = broker.submit

    def crashing(order: Order) -> BrokerOrder:
        if arrived:
            submit(order)
        raise Crash

    broker.submit = crashing  # type: ignore[method-assign]
    with pytest.raises(Crash):
        scripted.buy("10", key="k")
    broker.submit = submit  # type: ignore[method-assign]
    scripted.restart()
    order = scripted.buy("10", key="k").order
    assert order.status == ("accepted" if arrived else "rejected")
    assert len(broker.submitted) == int(arrived)


def test_the_paper_broker_too_is_looked_up_after_a_crash(bench: Bench) -> None:
    broker = bench.desk._broker
    submit = broker.submit

    def crashing(order: Order) -> BrokerOrder:
        submit(order)
        raise Crash

    broker.submit = crashing  # type: ignore[method-assign]
    with pytest.raises(Crash):
        bench.buy("10", key="k")
    bench.restart()
    bench.price(AAPL, "101")
    order = bench.buy("10", key="k").order
    assert order.status == "filled"
    assert order.filled_quantity == 10


def test_an_order_on_its_way_is_not_doubted_by_a_tick(scripted: Bench, broker: FakeBroker) -> None:
    submit = broker.submit

    def slow(order: Order) -> BrokerOrder:
        scripted.desk.tick()
        assert scripted.desk.order(order.id).status == "pending_new"
        with pytest.raises(BrokerUnavailable, match="on its way"):
            scripted.desk.cancel(order.id, "tester")
        return submit(order)

    broker.submit = slow  # type: ignore[method-assign]
    assert scripted.buy("10").order.status == "accepted"


def test_a_start_with_a_silent_broker_succeeds_and_waits_for_it(scripted: Bench, broker: FakeBroker) -> None:
    broker.silent_after_taking = True
    order = scripted.buy("10").order
    broker.silent = True
    scripted.restart()
    assert scripted.desk.order(order.id).status == "unknown"
    broker.silent = False
    scripted.desk.tick()
    assert scripted.desk.order(order.id).status == "accepted"


def test_start_up_leaves_open_orders_alone(scripted: Bench, broker: FakeBroker) -> None:
    ours = scripted.buy("10").order
    broker.orders["somebody-elses"] = BrokerOrder("somebody-elses", "b-9", OrderStatus.ACCEPTED)
    scripted.restart()
    assert scripted.desk.order(ours.id).status == "accepted"
    assert broker.orders["somebody-elses"].status is OrderStatus.ACCEPTED


# ---- fills ----


def test_an_order_that_fills_in_parts_keeps_each_part_once(scripted: Bench, broker: FakeBroker) -> None:
    order = scripted.buy("10").order
    broker.fill(order, "4", "100", OrderStatus.PARTIALLY_FILLED)
    scripted.desk.tick()
    scripted.desk.tick()
    part = scripted.desk.order(order.id)
    assert part.status == "partially_filled"
    assert part.filled_quantity == 4
    assert part.remaining == 6
    broker.fill(order, "6", "105", OrderStatus.FILLED)
    scripted.desk.tick()
    whole = scripted.desk.order(order.id)
    assert whole.status == "filled"
    assert whole.filled_quantity == 10
    assert whole.average_price == 103
    assert [e.status for e in whole.history] == ["pending_new", "accepted", "partially_filled", "filled"]
    assert scripted.desk.account().cash == 100_000 - 400 - 630 - 2
    assert scripted.sample(TRADES) == 1
    assert scripted.sample(ORDERS, outcome="filled") == 1


def test_a_cancelled_order_can_still_fill(scripted: Bench, broker: FakeBroker) -> None:
    order = scripted.buy("10").order
    scripted.desk.cancel(order.id, "tester")
    broker.fill(order, "4", "100", OrderStatus.CANCELLED)
    scripted.desk.tick()
    part = scripted.desk.order(order.id)
    assert part.status == "cancelled"
    assert part.filled_quantity == 4
    assert scripted.desk.positions().held[0].quantity == 4
    broker.fill(order, "6", "100", OrderStatus.FILLED)
    scripted.wall.pass_by(seconds=LATE_FILL_WINDOW.total_seconds() - 1)
    scripted.desk.tick()
    assert scripted.desk.order(order.id).status == "filled"
    assert scripted.desk.positions().held[0].quantity == 10


def test_filled_means_that_the_executions_are_there(scripted: Bench, broker: FakeBroker) -> None:
    """A broker's status may run ahead of its executions; the position must not be guessed from it."""
    order = scripted.buy("10").order
    broker.orders[order.client_order_id] = BrokerOrder(order.client_order_id, "b-0", OrderStatus.FILLED)
    scripted.desk.tick()
    assert scripted.desk.order(order.id).status == "accepted"
    assert scripted.desk.positions().held == []


def test_more_filled_than_ordered_stops_that_order_and_no_other(scripted: Bench, broker: FakeBroker) -> None:
    wrong, right = scripted.buy("10").order, scripted.buy("10").order
    broker.fill(wrong, "11", "100", OrderStatus.FILLED)
    broker.fill(right, "10", "100", OrderStatus.FILLED)
    with pytest.raises(Overfilled):
        scripted.desk.tick()
    assert scripted.desk.order(wrong.id).filled_quantity == 0
    assert scripted.desk.order(right.id).status == "filled"


def test_an_impossible_step_raises_and_writes_nothing(scripted: Bench) -> None:
    order = scripted.buy("10").order
    scripted.desk.cancel(order.id, "tester")
    before = scripted.desk.order(order.id)
    when = EventTime(scripted.market.now(), scripted.wall())
    with pytest.raises(IllegalTransition), writing(scripted.engine) as connection:
        Ledger(Decimal(0)).mark(connection, order.id, when, status=OrderStatus.UNKNOWN, reason="x", message="x")
    assert scripted.desk.order(order.id) == before


# ---- cancelling ----


def test_an_open_order_can_be_cancelled_and_says_by_whom(bench: Bench) -> None:
    order = bench.buy("10", limit="90").order
    cancelled = bench.desk.cancel(order.id, "key:admin")
    assert cancelled.status == "cancelled"
    assert cancelled.history[-1].by == "key:admin"
    bench.price(AAPL, "80")
    assert bench.desk.positions().held == []


def test_an_ended_or_unknown_order_cannot_be_cancelled(bench: Bench) -> None:
    order = bench.buy("10").order
    bench.price(AAPL, "100")
    with pytest.raises(OrderNotOpen, match="is filled"):
        bench.desk.cancel(order.id, "tester")
    with pytest.raises(UnknownOrder):
        bench.desk.cancel("nobody", "tester")


def test_a_cancel_that_the_fill_overtook_answers_filled(scripted: Bench, broker: FakeBroker) -> None:
    order = scripted.buy("10").order
    broker.fill(order, "10", "100", OrderStatus.FILLED)
    assert scripted.desk.cancel(order.id, "tester").status == "filled"


# ---- reading ----


def test_orders_are_paged_newest_first_without_gaps(bench: Bench) -> None:
    made = [bench.buy("1", limit="1").order.id for _ in range(5)]
    first = bench.desk.orders(limit=2)
    second = bench.desk.orders(limit=2, cursor=first.next_cursor)
    third = bench.desk.orders(limit=2, cursor=second.next_cursor)
    assert [o.id for page in (first, second, third) for o in page.orders] == made[::-1]
    assert third.next_cursor is None


def test_orders_are_filtered_by_symbol_and_status(bench: Bench) -> None:
    bench.buy("1", limit="1")
    bench.buy("1", limit="1", symbol="MSFT")
    bench.buy("9999")
    denied = OrderFilter(status=OrderStatus.DENIED)
    assert [o.symbol for o in bench.desk.orders(wanted=OrderFilter(symbol=AAPL)).orders] == ["AAPL", "AAPL"]
    assert [o.symbol for o in bench.desk.orders(wanted=denied).orders] == ["AAPL"]
    assert bench.desk.orders(limit=1, wanted=denied).next_cursor is None


def test_orders_are_filtered_by_side_who_and_when(bench: Bench) -> None:
    bench.hold("5")
    bench.price(AAPL, "100")
    later = bench.sell("5", limit="900").order

    def found(**what: Any) -> list[str]:
        return [order.id for order in bench.desk.orders(wanted=OrderFilter(**what)).orders]

    assert found(side=Side.SELL) == [later.id]
    assert found(by="tester")[0] == later.id
    assert found(by="nobody") == []
    assert found(since=later.created_at) == [later.id]
    assert later.id not in found(until=later.created_at)
    assert found(since=later.created_at, until=later.created_at) == []


def test_an_account_says_what_it_is_made_of(bench: Bench) -> None:
    bench.hold("100")
    bench.price(AAPL, "110")
    bench.sell("50")
    bench.price(AAPL, "120")
    bench.buy("10", limit="100")
    account = bench.desk.account()
    assert (account.mode, account.broker) == ("replay", "paper")
    assert account.cash == 100_000 - 10_000 + 6_000
    assert account.exposure == 6_000
    assert account.equity == 102_000
    assert account.realised_pnl == account.unrealised_pnl == 1_000
    assert account.day_pnl == 2_000
    assert account.buying_power == account.cash - 1_000
    (position,) = bench.desk.positions().held
    assert position.quantity == 50
    assert position.average_price == 100
    assert position.market_value == 6_000
    assert position.unrealised_pnl == position.realised_pnl == 1_000


def test_what_was_sold_out_keeps_what_it_brought_and_cost(engine: Engine) -> None:
    bench = Bench(engine, settings={"commission_minimum": Decimal(1)})
    bench.hold("10")
    bench.price(AAPL, "110")
    bench.sell("10")
    bench.price(AAPL, "110")
    account, positions = bench.desk.account(), bench.desk.positions()
    assert positions.held == []
    (closed,) = positions.closed
    assert (closed.symbol, closed.realised_pnl, closed.commission_paid) == (AAPL, Decimal(100), Decimal(2))
    assert closed.net_realised_pnl == account.net_realised_pnl == 98
    assert account.equity == account.cash == account.initial_cash + 98


def test_the_equity_curve_begins_at_once_and_has_one_point_for_each_price(bench: Bench) -> None:
    assert [p.equity for p in bench.desk.equity_points()] == [100_000]
    bench.hold("100")
    for price in ("110", "90", "90"):
        bench.price(AAPL, price)
        bench.desk.tick()
    points = bench.desk.equity_points()
    assert [p.equity for p in points] == [100_000, 101_000, 99_000]
    assert points[-1].drawdown == Decimal("0.019801")
    assert [p.at for p in points] == sorted({p.at for p in points})
    assert [p.equity for p in bench.desk.equity_points(limit=1)] == [99_000]

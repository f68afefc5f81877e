"""How the paper broker fills, seen through the desk."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import Engine

from tests.invest.trading.conftest import Bench
from tests.invest.trading.fakes import AAPL, MSFT, FakeMarket


def test_a_market_order_fills_at_the_next_real_price_never_at_the_one_on_the_screen(bench: Bench) -> None:
    order = bench.buy("10").order
    bench.desk.tick()
    assert bench.desk.order(order.id).status == "accepted"
    bench.price(AAPL, "103")
    filled = bench.desk.order(order.id)
    assert (filled.status, filled.average_price) == ("filled", Decimal(103))
    assert [event.status for event in filled.history] == ["pending_new", "accepted", "filled"]


def test_a_price_of_another_symbol_is_not_the_next_price(bench: Bench) -> None:
    order = bench.buy("10").order
    bench.price(MSFT, "51")
    assert bench.desk.order(order.id).status == "accepted"


def test_an_order_given_while_the_market_is_closed_fills_at_the_opening(bench: Bench) -> None:
    bench.market.close()
    order = bench.buy("10").order
    bench.desk.tick()
    bench.market.open_session()
    bench.price(AAPL, "98")
    assert bench.desk.order(order.id).average_price == Decimal(98)


@pytest.mark.parametrize(
    ("side", "limit", "prices", "fills_at"),
    [
        ("buy", "95", ["96", "95.01"], None),
        ("buy", "95", ["96", "95"], "95"),
        ("buy", "95", ["93"], "93"),
        ("sell", "105", ["104.99"], None),
        ("sell", "105", ["105"], "105"),
        ("sell", "105", ["109"], "109"),
    ],
)
def test_a_limit_order_fills_at_its_limit_or_better_or_not_at_all(
    bench: Bench, side: str, limit: str, prices: list[str], fills_at: str | None
) -> None:
    bench.hold("10")
    order = (bench.buy if side == "buy" else bench.sell)("10", limit=limit).order
    for price in prices:
        bench.price(AAPL, price)
    average = bench.desk.order(order.id).average_price
    assert average == (Decimal(fills_at) if fills_at else None)


def test_a_limit_that_the_price_on_the_screen_meets_still_waits_for_the_next(bench: Bench) -> None:
    order = bench.buy("10", limit="120").order
    bench.desk.tick()
    assert bench.desk.order(order.id).status == "accepted"


def test_orders_stand_over_sessions_and_expire_at_the_end_of_the_data(bench: Bench) -> None:
    order = bench.buy("10", limit="50").order
    bench.market.open_session()
    bench.price(AAPL, "100")
    assert bench.desk.order(order.id).status == "accepted"
    bench.market.end()
    bench.desk.tick()
    ended = bench.desk.order(order.id)
    assert (ended.status, ended.reason) == ("expired", "market_ended")


def test_the_last_price_still_fills(bench: Bench) -> None:
    order = bench.buy("10").order
    bench.market.price(AAPL, "101")
    bench.market.end()
    bench.desk.tick()
    assert bench.desk.order(order.id).status == "filled"


def test_spread_and_commission_are_charged_as_stated(engine: Engine) -> None:
    costs: dict[str, object] = {
        "spread_bps": Decimal(20),
        "commission_per_share": Decimal("0.01"),
        "commission_minimum": Decimal(1),
    }
    bench = Bench(engine, settings=costs)
    order = bench.buy("200").order
    bench.price(AAPL, "100")
    bought = bench.desk.order(order.id)
    assert (bought.average_price, bought.commission) == (Decimal("100.1"), Decimal(2))
    order = bench.sell("50").order
    bench.price(AAPL, "100")
    sold = bench.desk.order(order.id)
    assert (sold.average_price, sold.commission) == (Decimal("99.9"), Decimal(1))
    account = bench.desk.account()
    assert account.cash == 100_000 - Decimal("100.1") * 200 - 2 + Decimal("99.9") * 50 - 1
    assert account.commission_paid == 3


def test_cash_that_a_jump_of_the_price_no_longer_leaves_is_not_spent(engine: Engine) -> None:
    wide: dict[str, object] = {
        "max_order_notional": Decimal(10**6),
        "max_position_fraction": Decimal(1),
        "max_exposure_fraction": Decimal(1),
    }
    bench = Bench(engine, market=FakeMarket(AAPL="100"), settings=wide)
    order = bench.buy("1000").order
    bench.price(AAPL, "100.0001")
    rejected = bench.desk.order(order.id)
    assert (rejected.status, rejected.reason) == ("rejected", "insufficient_cash")
    assert bench.desk.account().cash == 100_000


def test_open_paper_orders_survive_a_restart(bench: Bench) -> None:
    order = bench.buy("10").order
    bench.restart()
    bench.price(AAPL, "101")
    assert bench.desk.order(order.id).status == "filled"


def test_a_price_that_came_while_the_process_was_down_fills_at_start_up(bench: Bench) -> None:
    order = bench.buy("10").order
    bench.market.price(AAPL, "102")
    bench.restart()
    assert bench.desk.order(order.id).average_price == Decimal(102)


def test_a_price_that_is_not_positive_fills_nothing(bench: Bench) -> None:
    order = bench.buy("10").order
    bench.price(AAPL, "0")
    assert bench.desk.order(order.id).status == "accepted"
    bench.price(AAPL, "100")
    assert bench.desk.order(order.id).average_price == Decimal(100)

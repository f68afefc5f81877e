from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from investiq.foundation.telemetry.catalogue import ORDER_DENIALS
from investiq.foundation.vocabulary import Side
from investiq.invest.trading.costs import Costs
from investiq.invest.trading.order import OrderRequest
from investiq.invest.trading.risk import size
from investiq.invest.trading.views import Submission
from tests.invest.trading.conftest import Bench
from tests.invest.trading.fakes import AAPL, MSFT, FakeMarket

COSTS = Costs(Decimal(2), Decimal("0.005"), Decimal(1))
prices = st.decimals(min_value="0.01", max_value=10_000, places=4)
dollars = st.decimals(min_value="0.01", max_value=100_000, places=2)


def denial(submission: Submission) -> str | None:
    assert (submission.order.status == "denied") == (submission.order.reason is not None)
    return submission.order.reason


def test_the_limit_for_one_order_holds_to_the_cent(bench: Bench) -> None:
    assert bench.buy("250").order.status == "accepted"
    over = bench.buy("250.0001")
    assert over.order.status == "denied"
    assert denial(over) == "order_notional"
    assert "$25,000.01" in (over.order.message or "")
    assert "max_order_notional" in (over.order.message or "")


def test_a_position_is_limited_together_with_what_is_on_order(bench: Bench) -> None:
    bench.hold("100")
    assert bench.buy("100").order.status == "accepted"
    assert denial(bench.buy("51")) == "position_limit"
    assert bench.buy("50").order.status == "accepted"


def test_exposure_is_limited_over_all_symbols(engine: Engine) -> None:
    market = FakeMarket(AAPL="100", MSFT="50", IBM="80")
    bench = Bench(engine, market=market, settings={"max_exposure_fraction": Decimal("0.5")})
    bench.hold("250")
    assert bench.buy("500", symbol=MSFT).order.status == "accepted"
    assert denial(bench.buy("1", symbol="IBM")) == "exposure_limit"


def test_there_is_no_borrowing_also_not_for_the_commission(roomy: Bench) -> None:
    roomy.settings |= {"commission_minimum": Decimal(1)}
    roomy.restart()
    assert denial(roomy.buy("1000")) == "buying_power"
    assert roomy.buy("500").order.status == "accepted"
    assert denial(roomy.buy("999.97", symbol=MSFT)) == "buying_power"
    assert roomy.buy("999.96", symbol=MSFT).order.status == "accepted"


def test_open_orders_are_limited_for_entries_only(engine: Engine) -> None:
    bench = Bench(engine, settings={"max_open_orders": 1})
    bench.hold("10")
    bench.buy("1", limit="90")
    assert denial(bench.buy("1")) == "open_orders"
    assert bench.sell("1").order.status == "accepted"


def test_short_selling_counts_what_is_on_sale_already(bench: Bench) -> None:
    assert denial(bench.sell("1")) == "short_selling"
    bench.hold("10")
    assert bench.sell("6", limit="200").order.status == "accepted"
    over = bench.sell("5")
    assert denial(over) == "short_selling"
    assert "4.0000 are held and not on sale already" in (over.order.message or "")
    assert bench.sell("4").order.status == "accepted"


def test_a_sale_that_grows_with_a_falling_price_cannot_become_a_short(bench: Bench) -> None:
    bench.hold("10")
    order = bench.sell(notional="990").order
    assert order.quantity == Decimal("9.9")
    bench.price(AAPL, "50")
    filled = bench.desk.order(order.id)
    assert (filled.status, filled.filled_quantity) == ("filled", Decimal("9.9"))
    assert bench.desk.positions().held[0].quantity == Decimal("0.1")


def test_without_a_price_only_what_is_held_can_be_sold(bench: Bench) -> None:
    assert denial(bench.buy("1", symbol="NONE")) == "no_price"
    bench.hold("10")
    bench.market.lose(AAPL)
    assert bench.sell("10").order.status == "accepted"
    assert denial(bench.sell(notional="10")) == "no_price"


def test_an_old_price_is_no_price_to_buy_on_and_holds_back_no_exit(bench: Bench) -> None:
    bench.hold("10")
    bench.market.age(23_400)
    assert bench.buy("1").order.status == "accepted"
    bench.market.age(23_401)
    denied = bench.buy("1")
    assert denial(denied) == "stale_price"
    assert "23401 s of open market old" in (denied.order.message or "")
    assert bench.sell("10").order.status == "accepted"


def test_a_closed_market_takes_orders_and_an_ended_one_does_not(bench: Bench) -> None:
    bench.hold("10")
    bench.market.close()
    assert bench.buy("1").order.status == "accepted"
    bench.market.end()
    assert denial(bench.buy("1")) == "market_ended"
    assert denial(bench.sell("1")) == "market_ended"


def test_dollars_too_few_for_a_fraction_of_a_share_are_said_to_be(bench: Bench) -> None:
    tiny = bench.buy(notional="0.0099")
    assert denial(tiny) == "too_small"


def test_a_part_that_brings_less_than_its_commission_is_not_sold(bench: Bench) -> None:
    bench.hold("10")
    bench.settings |= {"commission_minimum": Decimal(1)}
    bench.restart()
    bench.desk.halt("odd fills", "tester")
    dust = bench.sell("0.0001")
    assert denial(dust) == "too_small"
    assert "sell more, or all 10.0000 at once" in (dust.order.message or "")
    assert denial(bench.sell(notional="0.99")) == "too_small"
    assert bench.sell("0.01").order.status == "accepted", "it brings just its commission"


def test_the_last_of_a_position_is_sold_whatever_it_brings(bench: Bench) -> None:
    bench.hold("0.0002")
    bench.settings |= {"commission_minimum": Decimal(1)}
    bench.restart()
    assert denial(bench.sell("0.0001")) == "too_small"
    assert bench.sell("0.0002").order.status == "accepted"


def test_an_exit_is_held_back_by_no_limit(roomy: Bench) -> None:
    roomy.hold("900")
    roomy.settings |= {"max_order_notional": Decimal(1), "max_open_orders": 1, "max_position_fraction": Decimal("0.01")}
    roomy.restart()
    assert denial(roomy.buy("1")) is not None
    assert roomy.sell("900").order.status == "accepted"


def test_a_denied_order_is_kept_with_its_reason_and_counted(bench: Bench) -> None:
    order = bench.buy("1000").order
    kept = bench.desk.order(order.id)
    assert kept == order
    assert [event.status for event in kept.history] == ["denied"]
    assert bench.sample(ORDER_DENIALS, reason="order_notional") == 1


@given(prices, dollars, st.sampled_from(Side))
def test_a_notional_order_never_becomes_more_than_its_dollars(price: Decimal, notional: Decimal, side: Side) -> None:
    market = FakeMarket(AAPL=str(price))
    request = OrderRequest(symbol=AAPL, side=side, notional=notional)
    quantity, reserve_price = size(request, market.quote(AAPL), COSTS)
    assert quantity is not None
    assert reserve_price is not None
    assert quantity * reserve_price <= notional < (quantity + Decimal("0.0001")) * reserve_price


@given(prices)
def test_the_spread_is_paid_by_the_trader_on_both_sides(price: Decimal) -> None:
    ask, bid = COSTS.price(Side.BUY, price), COSTS.price(Side.SELL, price)
    assert bid < price < ask
    assert ask - bid <= price * 2 / 10_000 + Decimal("0.0002")

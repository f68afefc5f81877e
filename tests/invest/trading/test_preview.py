"""What a dry run says is what then happens."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from investiq.foundation.vocabulary import OrderType, Side
from investiq.invest.market.types import Symbol
from investiq.invest.trading.order import OrderRequest
from investiq.invest.trading.views import OrderPreview
from tests.chance import examples
from tests.invest.trading.conftest import Bench
from tests.invest.trading.fakes import AAPL, MSFT

amounts = st.decimals(min_value="0.0001", max_value=500, places=4)
sizes = st.one_of(
    amounts.map(lambda shares: {"quantity": shares}),
    st.decimals(min_value="0.01", max_value=30_000, places=2).map(lambda dollars: {"notional": dollars}),
)
prices = st.none() | st.decimals(min_value=80, max_value=120, places=2)


def asked(symbol: str, side: Side, size: Mapping[str, Decimal], limit: Decimal | None = None) -> OrderRequest:
    return OrderRequest(
        symbol=Symbol(symbol),
        side=side,
        quantity=size.get("quantity"),
        notional=size.get("notional"),
        order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        limit_price=limit,
    )


def shares(bench: Bench, side: Side, quantity: str, symbol: str = AAPL) -> OrderPreview:
    return bench.desk.preview(asked(symbol, side, {"quantity": Decimal(quantity)}))


@pytest.fixture
def dear(bench: Bench) -> Bench:
    """Trading costs something, and some shares are held."""
    bench.settings |= {
        "spread_bps": Decimal(2),
        "commission_per_share": Decimal("0.005"),
        "commission_minimum": Decimal(1),
    }
    bench.restart()
    bench.hold("20")
    return bench


@given(
    request=st.builds(asked, st.sampled_from([AAPL, MSFT, "NONE"]), st.sampled_from(Side), sizes, prices),
    halted=st.booleans(),
)
@settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_dry_run_says_what_the_order_meets(dear: Bench, request: OrderRequest, halted: bool) -> None:
    (dear.desk.halt if halted else dear.desk.resume)("tested", "tester")
    before = dear.desk.orders(limit=1).orders
    said = dear.desk.preview(request)
    assert dear.desk.orders(limit=1).orders == before
    order = dear.desk.submit(request, f"k{dear.wall.time.timestamp()}", "tester").order
    dear.wall.pass_by(seconds=1)
    assert (said.denial, said.message) == (order.reason, order.message if said.denial else None)
    assert said.quantity == order.quantity
    if order.is_open:
        dear.desk.cancel(order.id, "tester")


def test_what_it_costs_is_what_the_account_then_lacks(dear: Bench) -> None:
    said = shares(dear, Side.BUY, "100")
    assert (said.last_price, said.price, said.commission) == (Decimal(100), Decimal("100.01"), Decimal(1))
    assert said.cost == Decimal(10_002)
    assert said.buying_power == dear.desk.account().buying_power
    assert (said.position, said.position_after) == (Decimal(20), Decimal(120))
    dear.buy("100")
    assert dear.desk.account().buying_power == said.buying_power_after
    dear.price(AAPL, "100")
    assert dear.desk.account().buying_power == said.buying_power_after


def test_what_a_sale_brings_is_what_the_account_then_has(dear: Bench) -> None:
    said = shares(dear, Side.SELL, "20")
    assert said.cost == Decimal(1) - 20 * Decimal("99.99")
    assert said.position_after == 0
    dear.sell("20")
    dear.price(AAPL, "100")
    assert dear.desk.account().buying_power == said.buying_power_after


def test_without_a_price_nothing_is_invented(dear: Bench) -> None:
    said = dear.desk.preview(asked("NONE", Side.BUY, {"notional": Decimal(100)}))
    assert said.denial == "no_price"
    unknown = (said.last_price, said.last_price_at, said.price, said.quantity, said.commission, said.cost)
    assert {*unknown, said.buying_power_after, said.position_after} == {None}


def test_a_dry_run_is_no_denial_to_be_counted(dear: Bench) -> None:
    before = dear.metrics.registry.get_sample_value("investiq_order_denials_total", {"reason": "short_selling"})
    assert shares(dear, Side.SELL, "21").denial == "short_selling"
    after = dear.metrics.registry.get_sample_value("investiq_order_denials_total", {"reason": "short_selling"})
    assert after == before

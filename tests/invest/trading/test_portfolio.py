from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation.vocabulary import Side
from investiq.invest.market.types import Symbol
from investiq.invest.trading.portfolio import Fill, NegativePosition, Portfolio
from tests.invest.trading.fakes import AAPL, MSFT

Step = tuple[Symbol, Side, Decimal, Decimal, Decimal]
CASH = Decimal(100_000)
quantities = st.decimals(min_value="0.0001", max_value=1000, places=4)
prices = st.decimals(min_value="0.0001", max_value=5000, places=4)
steps = st.lists(
    st.tuples(st.sampled_from([AAPL, MSFT]), st.sampled_from(Side), quantities, prices, prices), max_size=30
)


def fill(side: Side, quantity: str, price: str, commission: str = "0") -> Fill:
    return Fill(AAPL, side, Decimal(quantity), Decimal(price), Decimal(commission))


@given(steps)
def test_cash_and_cost_are_the_initial_cash_and_what_was_earned_to_the_last_digit(steps: list[Step]) -> None:
    portfolio = Portfolio(CASH)
    for symbol, side, quantity, price, commission in steps:
        sold = min(quantity, portfolio.quantity(symbol)) if side is Side.SELL else quantity
        if sold:
            portfolio = portfolio.after(Fill(symbol, side, sold, price, commission))
        cost = sum(position.cost for position in portfolio.held)
        assert portfolio.cash + cost == CASH + portfolio.realised - portfolio.commission_paid
        assert all(position.quantity > 0 and position.cost >= 0 for position in portfolio.held)
    closed = [p for p in portfolio.positions.values() if not p.quantity]
    assert all(position.cost == 0 for position in closed)


def test_buying_twice_averages_and_selling_realises_against_the_average() -> None:
    portfolio = Portfolio(CASH).after_all([fill(Side.BUY, "10", "100", "1"), fill(Side.BUY, "10", "110", "1")])
    assert portfolio.positions[AAPL].average_price == Decimal(105)
    portfolio = portfolio.after(fill(Side.SELL, "5", "120", "1"))
    assert portfolio.positions[AAPL].realised == Decimal(75)
    assert portfolio.positions[AAPL].average_price == Decimal(105)
    assert portfolio.cash == CASH - 1000 - 1100 + 600 - 3


def test_more_than_is_held_cannot_be_sold() -> None:
    portfolio = Portfolio(CASH).after(fill(Side.BUY, "10", "100"))
    with pytest.raises(NegativePosition):
        portfolio.after(fill(Side.SELL, "10.0001", "100"))

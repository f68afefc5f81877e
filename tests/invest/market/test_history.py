"""Columns give back the very bars that went in, and the floats that were computed from them before."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.invest.market.history import History, PriceSeries
from investiq.invest.market.providers.replay import ReplayProvider
from investiq.invest.market.types import Bar
from tests.invest.market.fakes import AAPL, bar

DAYS = [date(2008, 1, day) for day in (2, 3, 4, 7, 8)]
BARS = [bar(day, 100 + number) for number, day in enumerate(DAYS)]
prices = st.decimals("0.0001", "999999999999999.9999", places=4)


def _one(price: Decimal) -> Bar:
    return Bar(DAYS[0], open=price, high=price, low=price, close=price, volume=10**15 - 1)


@given(price=prices)
def test_every_price_that_is_read_comes_back_to_the_last_digit(price: Decimal) -> None:
    (given_back,) = History.of([_one(price)])
    assert str(given_back.close) == f"{price:f}"
    assert given_back == History.of([_one(price)])[0] == _one(price)


@given(price=prices)
def test_a_float_is_the_one_nearest_to_the_price(price: Decimal) -> None:
    assert History.of([_one(price)]).floats().close[0] == float(price)


def test_the_shipped_prices_are_the_floats_that_they_were_as_decimals() -> None:
    history = ReplayProvider().bars(AAPL)
    floats, decimals = history.floats(), PriceSeries.of(list(history))
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(floats, name), getattr(decimals, name))


@pytest.mark.parametrize("price", ["0", "-1", "0.00001", "1.00005", "NaN"])
def test_what_is_no_price_is_no_column(price: str) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        History.of([_one(Decimal(price))])


def test_a_slice_is_the_same_bars_in_the_same_memory() -> None:
    history = History.of(BARS)
    part = history[1:4]
    assert list(part) == BARS[1:4]
    assert np.shares_memory(part.close, history.close)
    assert History.of(history) is history
    assert part == History.of(BARS[1:4]) != history


def test_nobody_can_change_a_column() -> None:
    history = History.of(BARS)
    for column in (*history.columns(), *history[1:].columns(), history.floats().close, history.closes()):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = column[0]


def test_sessions_are_found_on_their_day_and_between_two() -> None:
    history = History.of(BARS)
    assert [history.before(date(2008, 1, day)) for day in (1, 2, 5, 8, 9)] == [0, 0, 3, 4, 5]
    assert [history.until(date(2008, 1, day)) for day in (1, 2, 5, 8, 9)] == [0, 1, 3, 5, 5]
    assert (history.session(0), history.session(-1)) == (DAYS[0], DAYS[-1])
    assert history.price("low", 2) == BARS[2].low == history[2].low


def test_other_prices_are_another_history() -> None:
    changed = [*BARS[:-1], replace(BARS[-1], volume=BARS[-1].volume + 1)]
    assert History.of(BARS) != History.of(changed)
    assert History.of(BARS) != BARS


@given(price=prices)
def test_the_text_of_a_price_is_that_of_its_bar(price: Decimal) -> None:
    history = History.of([_one(price)])
    assert history.price_texts("close") == [str(history[0].close)] == [f"{price:f}"]


def test_in_another_process_the_columns_are_the_same_and_as_little_to_be_changed() -> None:
    there = pickle.loads(pickle.dumps(History.of(BARS)[1:3]))  # noqa: S301
    assert list(there) == BARS[1:3]
    assert not there.close.flags.writeable

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from investiq.invest.market.types import Bar
from investiq.invest.signals.features import FEATURES, NEEDED_BARS, feature_matrix, last_features
from tests.chance import examples
from tests.invest.signals import synthetic

BARS = synthetic.random_walk(220, seed=7)


def column(name: str, bars: list[Bar]) -> float:
    return float(feature_matrix(bars)[-1, FEATURES.index(name)])


def test_one_row_per_bar_and_numbers_from_the_first_full_window_on() -> None:
    matrix = feature_matrix(BARS)
    assert matrix.shape == (len(BARS), len(FEATURES))
    assert np.isnan(matrix[: NEEDED_BARS - 1]).all()
    assert np.isfinite(matrix[NEEDED_BARS - 1 :]).all()


@pytest.mark.parametrize("count", [0, 1, NEEDED_BARS - 1])
def test_too_few_bars_give_rows_without_numbers(count: int) -> None:
    matrix = feature_matrix(BARS[:count])
    assert matrix.shape == (count, len(FEATURES))
    assert np.isnan(matrix).all()


@given(cut=st.integers(NEEDED_BARS, len(BARS) - 1))
@settings(max_examples=examples(12), deadline=None)
def test_the_future_never_changes_a_row(cut: int) -> None:
    np.testing.assert_array_equal(feature_matrix(BARS)[:cut], feature_matrix(BARS[:cut]))


@given(cut=st.integers(NEEDED_BARS, len(BARS)))
@settings(max_examples=examples(12), deadline=None)
def test_a_row_is_the_same_to_the_last_bit_from_its_own_window_alone(cut: int) -> None:
    """Training sees whole histories, serving the last bars only: both must compute the same numbers."""
    window = feature_matrix(BARS[cut - NEEDED_BARS : cut])[-1]
    np.testing.assert_array_equal(feature_matrix(BARS)[cut - 1], window)


@given(seeds=st.lists(st.integers(0, 1000), min_size=1, max_size=9), count=st.integers(NEEDED_BARS, 90))
@settings(max_examples=examples(10), deadline=None)
def test_many_symbols_together_get_the_rows_that_each_gets_alone(seeds: list[int], count: int) -> None:
    histories = [synthetic.random_walk(count + seed % 7, seed=seed) for seed in seeds]
    alone = [feature_matrix(bars)[-1] for bars in histories]
    np.testing.assert_array_equal(last_features(histories), alone)


def test_every_bar_of_the_window_counts_up_to_the_oldest() -> None:
    window = BARS[-NEEDED_BARS:]
    oldest = replace(window[0], close=window[0].close * 2, high=window[0].high * 2)
    assert not np.array_equal(feature_matrix(window)[-1], feature_matrix([oldest, *window[1:]])[-1])


@given(factor=st.decimals("0.01", "1000", places=2))
@settings(max_examples=examples(10), deadline=None)
def test_the_price_level_does_not_matter(factor: Decimal) -> None:
    before, after = feature_matrix(BARS), feature_matrix(synthetic.scaled(BARS, factor))
    np.testing.assert_allclose(before, after, rtol=1e-6, atol=1e-8)


def test_a_constant_price_without_trades_has_finite_features() -> None:
    price = Decimal("10")
    flat = [Bar(session, price, price, price, price, 0) for session in synthetic.weekdays(NEEDED_BARS)]
    assert np.isfinite(feature_matrix(flat)[-1]).all()


def test_formulas_give_what_their_names_say() -> None:
    bars = list(BARS[:NEEDED_BARS])
    last = replace(bars[-1], open=bars[-2].close, low=Decimal(10), high=Decimal(1000), close=Decimal(100))
    bars[-1] = last
    closes = np.log([float(bar.close) for bar in bars])
    returns = np.diff(closes)
    daily = returns[-21:].std()
    moves = returns[-14:]
    assert column("move_1", bars) == pytest.approx(returns[-1] / daily)
    assert column("move_21", bars) == pytest.approx((closes[-1] - closes[-22]) / daily / 21**0.5)
    assert column("gap", bars) == pytest.approx(0)
    assert column("place_in_range_1", bars) == pytest.approx(0.5)  # 100 is half way from 10 to 1000 in logarithms
    assert column("rsi_14", bars) == pytest.approx(moves[moves > 0].sum() / abs(moves).sum())
    assert column("drawdown_63", bars) == pytest.approx(closes[-1] - closes.max())
    assert column("bollinger_20", bars) == pytest.approx((closes[-1] - closes[-20:].mean()) / closes[-20:].std())


def test_sessions_are_no_feature() -> None:
    moved = [replace(bar, session=date(1990, 1, 1)) for bar in BARS]
    np.testing.assert_array_equal(feature_matrix(BARS), feature_matrix(moved))

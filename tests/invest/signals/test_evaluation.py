from __future__ import annotations

import numpy as np
import pytest

from investiq.invest.signals.evaluation import (
    area_under_curve,
    calibration_bins,
    calibration_error,
    improvement,
    losses,
)


def test_losses_are_the_textbook_ones() -> None:
    found = losses(np.array([0.8, 0.8]), np.array([True, False]))
    assert found.brier == pytest.approx([0.04, 0.64])
    assert found.log_loss == pytest.approx([-np.log(0.8), -np.log(0.2)])


def test_calibration_error_is_small_for_true_probabilities_and_the_bias_for_biased_ones() -> None:
    random = np.random.default_rng(1)
    probability = random.uniform(0.2, 0.7, 50_000)
    up = random.random(50_000) < probability
    assert calibration_error(calibration_bins(probability, up)) < 0.01
    assert calibration_error(calibration_bins(probability + 0.2, up)) == pytest.approx(0.2, abs=0.01)


def test_bins_hold_all_rows_in_equal_parts() -> None:
    bins = calibration_bins(np.linspace(0.1, 0.9, 95), np.ones(95, dtype=bool))
    assert sum(part.rows for part in bins) == 95
    assert {part.rows for part in bins} == {9, 10}
    assert [part.mean_forecast for part in bins] == sorted(part.mean_forecast for part in bins)


def test_area_under_curve_needs_both_outcomes() -> None:
    assert area_under_curve(np.array([0.1, 0.9]), np.array([True, True])) is None
    assert area_under_curve(np.array([0.1, 0.9]), np.array([False, True])) == 1.0


def test_a_steady_gain_is_more_than_noise_and_a_gain_from_one_month_is_not() -> None:
    sessions = np.repeat(np.arange("2001-01-01", "2002-06-01", dtype="datetime64[D]"), 3)
    noise = np.random.default_rng(2).normal(0, 0.01, len(sessions))
    steady = improvement(0.01 + noise, sessions)
    assert steady.low > 0
    lucky_month = np.where(np.arange(len(sessions)) < 63, 0.1, 0.0)
    lucky = improvement(lucky_month - 0.003 + noise, sessions)
    assert lucky.mean > 0
    assert lucky.low < 0


def test_copies_of_a_symbol_do_not_make_a_gain_more_certain() -> None:
    """Symbols move together: three rows of one session are one observation, not three."""
    days = np.arange("2001-01-01", "2002-01-01", dtype="datetime64[D]")
    gain = np.random.default_rng(3).normal(0.001, 0.01, len(days))
    once, thrice = improvement(gain, days), improvement(np.repeat(gain, 3), np.repeat(days, 3))
    assert thrice.low == pytest.approx(once.low)
    assert thrice.high == pytest.approx(once.high)


def test_gains_that_come_in_runs_are_less_certain_than_the_same_gains_shuffled() -> None:
    """Labels of neighbouring sessions overlap: a good fortnight is one piece of luck, not ten."""
    random = np.random.default_rng(4)
    days = np.arange("2001-01-01", "2003-01-01", dtype="datetime64[D]")
    runs = np.repeat(random.normal(0, 0.01, len(days) // 10), 10)
    days = days[: len(runs)]
    together, apart = improvement(runs, days), improvement(random.permutation(runs), days)
    assert together.high - together.low > 1.8 * (apart.high - apart.low)

"""The population stability index of recent requests, and the window that they are remembered in."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from investiq.invest.market.types import Symbol
from investiq.invest.signals import drift
from investiq.invest.signals.drift import (
    MINIMUM_ROWS,
    MINIMUM_SESSIONS,
    WINDOW_SESSIONS,
    Binned,
    DriftReference,
    DriftWindow,
    binned,
)
from investiq.invest.signals.features import FEATURES

START = date(2008, 1, 2)
AAA, BBB = Symbol("AAA"), Symbol("BBB")


def uniform(rows: int, seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(0, 1, rows)


@pytest.fixture(scope="module")
def reference() -> DriftReference:
    """Every feature and the probability were evenly spread from 0 to 1."""
    even = binned(uniform(10_000))
    return DriftReference(features=dict.fromkeys(FEATURES, even), probability=even)


def filled(
    reference: DriftReference, rows: NDArray[np.float64], symbols: tuple[Symbol, ...] = (AAA, BBB)
) -> DriftWindow:
    """A window that saw `rows`, the same value for each feature, one row for each symbol in turn."""
    window = DriftWindow(reference)
    for number, value in enumerate(rows):
        session = START + timedelta(days=number // len(symbols))
        window.observe(symbols[number % len(symbols)], session, np.full(len(FEATURES), value), float(value))
    return window


def test_the_index_is_that_of_the_formula() -> None:
    learned = Binned(edges=(1.0,), shares=(0.5, 0.5))
    # 89.5 of 100 and 10.5 of 100, once half a row is added to each bin.
    expected = (0.895 - 0.5) * math.log(0.895 / 0.5) + (0.105 - 0.5) * math.log(0.105 / 0.5)
    assert learned.index(np.array([89, 10])) == pytest.approx(expected)
    assert learned.index(np.array([50, 50])) == pytest.approx(0)


def test_deciles_hold_a_tenth_of_the_rows_each_and_a_value_on_an_edge_belongs_above_it() -> None:
    found = binned(np.arange(1000, dtype=np.float64))
    assert len(found.shares) == 10
    assert found.shares == pytest.approx([0.1] * 10, abs=0.002)
    assert found.place(found.edges[0]) == 1
    assert (found.place(-1e9), found.place(1e9)) == (0, 9)


def test_many_equal_values_make_fewer_bins_and_their_true_shares() -> None:
    found = binned(np.array([0.0] * 600 + [1.0] * 400))
    assert found.edges == (0.0, 1.0)
    assert found.shares == pytest.approx((0.0, 0.6, 0.4), abs=0.002)
    assert binned(np.full(50, 0.5)).index(np.array([0, 30])) < 0.01


@given(st.lists(st.integers(0, 1000), min_size=10, max_size=10))
def test_the_index_is_finite_and_never_negative(counts: list[int]) -> None:
    index = binned(uniform(1000)).index(np.array(counts))
    assert math.isfinite(index)
    assert index >= 0


def test_requests_like_the_training_rows_show_no_drift(reference: DriftReference) -> None:
    report = filled(reference, uniform(500, seed=2)).report()
    assert report.enough
    assert report.probability is not None
    assert report.probability < 0.1
    assert report.mean is not None
    assert report.mean < 0.1


def test_requests_from_elsewhere_show_a_drift_above_the_convention(reference: DriftReference) -> None:
    report = filled(reference, 0.5 + uniform(500, seed=2) / 2).report()
    assert report.probability is not None
    assert report.probability > 0.25
    assert report.features is not None
    assert all(index > 0.25 for index in report.features.values())


def test_only_the_feature_that_moved_shows_it(reference: DriftReference) -> None:
    window = DriftWindow(reference)
    for number, value in enumerate(uniform(500, seed=3)):
        row = np.full(len(FEATURES), value)
        row[FEATURES.index("volatility_21")] = 0.95
        window.observe(AAA, START + timedelta(days=number), row, float(value))
    features = window.report().features
    assert features is not None
    assert [name for name, index in features.items() if index > 0.25] == ["volatility_21"]


def test_it_says_nothing_before_it_has_seen_enough(reference: DriftReference) -> None:
    few_sessions = filled(reference, np.full(MINIMUM_ROWS, 0.99), tuple(Symbol(f"S{n}") for n in range(10)))
    assert few_sessions.report().rows == MINIMUM_ROWS
    few_rows = filled(reference, np.full(MINIMUM_SESSIONS, 0.99), (AAA,))
    assert few_rows.report().sessions == MINIMUM_SESSIONS
    for window in (few_sessions, few_rows, DriftWindow(reference)):
        report = window.report()
        assert not report.enough
        assert (report.features, report.probability, report.mean) == (None, None, None)
    assert filled(reference, np.full(2 * MINIMUM_SESSIONS, 0.99)).report().enough


def test_a_symbol_counts_once_for_a_session_however_often_it_is_asked_about(reference: DriftReference) -> None:
    window = DriftWindow(reference)
    row = np.full(len(FEATURES), 0.5)
    assert window.observe(AAA, START, row, 0.5)
    assert not any(window.observe(AAA, START, row, 0.5) for _ in range(1000))
    assert window.observe(BBB, START, row, 0.5)
    assert window.observe(AAA, START + timedelta(days=1), row, 0.5)
    assert (window.report().rows, window.report().sessions) == (3, 2)


def test_what_the_window_has_forgotten_counts_no_more(reference: DriftReference) -> None:
    rows = np.concatenate([np.full(2 * WINDOW_SESSIONS, 0.99), uniform(2 * WINDOW_SESSIONS, seed=4)])
    forgotten = filled(reference, rows).report()
    assert (forgotten.sessions, forgotten.rows) == (WINDOW_SESSIONS, 2 * WINDOW_SESSIONS)
    assert forgotten.features == filled(reference, rows[2 * WINDOW_SESSIONS :]).report().features


def test_the_window_is_bounded_in_rows_too(reference: DriftReference, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "WINDOW_ROWS", 100)
    window = filled(reference, uniform(1000), tuple(Symbol(f"S{n}") for n in range(30)))
    assert window.report().rows <= 100


def test_a_session_from_the_far_future_goes_as_it_came(reference: DriftReference) -> None:
    window = DriftWindow(reference)
    row = np.full(len(FEATURES), 0.5)
    window.observe(AAA, date(2999, 1, 1), row, 0.5)
    assert window.report().newest_session == date(2999, 1, 1)
    for number in range(WINDOW_SESSIONS):
        window.observe(AAA, START + timedelta(days=number), row, 0.5)
    assert window.report().newest_session == START + timedelta(days=WINDOW_SESSIONS - 1)


@pytest.mark.parametrize(
    ("edges", "shares", "message"),
    [
        ((1.0,), (1.0,), "make 2 bins"),
        ((2.0, 1.0), (0.3, 0.3, 0.4), "ascend"),
        ((1.0,), (0.5, 0.6), "sum to 1"),
        ((1.0,), (0.0, 1.0), "above 0"),
    ],
)
def test_a_reference_that_makes_no_sense_is_refused(
    edges: tuple[float, ...], shares: tuple[float, ...], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Binned(edges=edges, shares=shares)

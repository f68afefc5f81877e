"""What may leave an engine, and what keeps one from starting."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from investiq.invest.analysis.engine import Unavailable, Verdict, finite, missing_history
from investiq.invest.analysis.snapshot import Snapshot
from tests.invest.analysis.made_markets import SYMBOL, made_bars, market_at_close, random_walk, snapshot_of


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_never_leaves_an_engine(number: float) -> None:
    with pytest.raises(ValueError, match="score"):
        Verdict(number, 0.5)
    with pytest.raises(ValueError, match="confidence"):
        Verdict(0.5, number)
    with pytest.raises(ValueError, match="metric sharpe"):
        Verdict(0.5, 0.5, {"sharpe": number})


@pytest.mark.parametrize(("score", "confidence"), [(1.01, 0.5), (-1.01, 0.5), (0.5, -0.01), (0.5, 1.01)])
def test_a_verdict_keeps_its_bounds(score: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="is a number from"):
        Verdict(score, confidence)


def test_a_ratio_that_does_not_exist_is_none() -> None:
    assert finite(math.nan) is None
    assert finite(math.inf) is None
    assert finite(0.25) == 0.25


def test_too_few_bars_says_how_many_are_needed_and_there() -> None:
    snapshot = snapshot_of(made_bars(random_walk(5, seed=1)))
    assert missing_history(snapshot, 6) == Unavailable("needs 6 completed sessions and there are 5")
    assert missing_history(snapshot, 5) is None


def test_prices_that_ended_long_ago_are_not_taken_for_todays() -> None:
    market, clock = market_at_close({SYMBOL: made_bars(random_walk(5, seed=1))})
    clock.at += timedelta(days=10)
    assert missing_history(Snapshot.take(market, SYMBOL), 5) is None
    clock.at += timedelta(days=1)
    assert missing_history(Snapshot.take(market, SYMBOL), 5) == Unavailable(
        "the prices end with the session of 2005-01-07, and now it is 2005-01-18"
    )

"""The seven steps, at their very bounds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation.vocabulary import Signal
from investiq.invest.analysis.scale import signal_for

ORDER = list(Signal)


@pytest.mark.parametrize(
    ("score", "signal"),
    [
        (-1.0, Signal.STRONG_SELL),
        (-0.6, Signal.STRONG_SELL),
        (-0.5999, Signal.SELL),
        (-0.3, Signal.SELL),
        (-0.2999, Signal.WEAK_SELL),
        (-0.1, Signal.WEAK_SELL),
        (-0.0999, Signal.NEUTRAL),
        (0.0, Signal.NEUTRAL),
        (0.0999, Signal.NEUTRAL),
        (0.1, Signal.WEAK_BUY),
        (0.2999, Signal.WEAK_BUY),
        (0.3, Signal.BUY),
        (0.5999, Signal.BUY),
        (0.6, Signal.STRONG_BUY),
        (1.0, Signal.STRONG_BUY),
    ],
)
def test_each_step_begins_at_its_bound(score: float, signal: Signal) -> None:
    assert signal_for(score) is signal


@pytest.mark.parametrize("score", [1.0001, -1.0001, math.nan, math.inf])
def test_what_is_no_score_has_no_signal(score: float) -> None:
    with pytest.raises(ValueError, match="from -1 to 1"):
        signal_for(score)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_a_better_score_never_has_a_worse_signal(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert ORDER.index(signal_for(low)) <= ORDER.index(signal_for(high))


@given(st.floats(-1, 1))
def test_the_scale_is_symmetrical(score: float) -> None:
    assert ORDER.index(signal_for(score)) + ORDER.index(signal_for(-score)) == len(ORDER) - 1

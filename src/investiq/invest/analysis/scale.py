"""The seven-step scale on which every engine, and the overall result, puts its score."""

from __future__ import annotations

from bisect import bisect_right

from investiq.foundation.vocabulary import SIGNAL_BOUNDS, Signal

__all__ = ["SCORE_DECIMALS", "signal_for"]

SCORE_DECIMALS = 4
"""Scores and confidences carry this many decimals; the signal is read from the rounded score, so both always agree."""


_RISING = (Signal.NEUTRAL, Signal.WEAK_BUY, Signal.BUY, Signal.STRONG_BUY)
_FALLING = (Signal.NEUTRAL, Signal.WEAK_SELL, Signal.SELL, Signal.STRONG_SELL)


def signal_for(score: float) -> Signal:
    """The step of `score`, a number from -1 (sell) to 1 (buy).

    Each step begins at its bound; the scale is symmetrical around 0, and the steps widen outwards because scores bunch
    around 0 and a strong word should be rare.

    Raises:
        ValueError: `score` is not a number from -1 to 1.
    """
    if not -1 <= score <= 1:
        raise ValueError(f"a score is a number from -1 to 1, not {score}")
    steps = _RISING if score > 0 else _FALLING
    return steps[bisect_right(SIGNAL_BOUNDS, abs(score))]

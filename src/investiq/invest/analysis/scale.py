"""The seven-step scale on which every engine, and the overall result, puts its score."""

from __future__ import annotations

from investiq.foundation.vocabulary import Signal

__all__ = ["SCORE_DECIMALS", "signal_for"]

SCORE_DECIMALS = 4
"""Scores and confidences carry this many decimals; the signal is read from the rounded score, so both always agree."""


# Each step begins at its bound; the scale is symmetrical around 0, and the steps widen outwards because scores
# bunch around 0 and a strong word should be rare.
_STEPS: tuple[tuple[float, Signal, Signal], ...] = (
    (0.6, Signal.STRONG_BUY, Signal.STRONG_SELL),
    (0.3, Signal.BUY, Signal.SELL),
    (0.1, Signal.WEAK_BUY, Signal.WEAK_SELL),
)


def signal_for(score: float) -> Signal:
    """The step of `score`, a number from -1 (sell) to 1 (buy).

    |score| from 0.6 is strong, from 0.3 plain, from 0.1 weak, and less is neutral.

    Raises:
        ValueError: `score` is not a number from -1 to 1.
    """
    if not -1 <= score <= 1:
        raise ValueError(f"a score is a number from -1 to 1, not {score}")
    for bound, up, down in _STEPS:
        if abs(score) >= bound:
            return up if score > 0 else down
    return Signal.NEUTRAL

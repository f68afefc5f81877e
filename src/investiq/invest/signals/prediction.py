"""What a signal model says about one symbol, and how sure it may be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from investiq.invest.market.types import Symbol

__all__ = ["UNPROVEN_CONFIDENCE", "Prediction", "confidence_of"]

UNPROVEN_CONFIDENCE: Final = 0.05
"""Most confidence that a model without proven skill may show."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A forecast made at the close of session `as_of` for the close `horizon_sessions` later."""

    symbol: Symbol
    as_of: date
    horizon_sessions: int
    probability_up: float
    """Calibrated probability that the later close is higher, strictly between 0 and 1."""
    confidence: float
    """0 to 1, see `confidence_of`."""
    beats_constant: bool
    """Whether the model beat the constant forecast in validation by more than noise."""
    model_version: str
    trained_until: date
    """The last session whose prices the model learned from."""


def confidence_of(probability_up: float, base_rate: float, beats_constant: bool) -> float:
    """How far the forecast goes from the base rate towards certainty, from 0 to 1.

    `(p - b) / (1 - b)` above the base rate `b` and `(b - p) / b` below it: 0 says no more than "as often as always",
    1 would be certainty. A model that does not beat the constant forecast knows nothing that the base rate does not,
    so its confidence is the same number times `UNPROVEN_CONFIDENCE`, which keeps it near zero.

    Args:
        base_rate: the forecast where the model has nothing to add, strictly between 0 and 1.
    """
    room = 1.0 - base_rate if probability_up >= base_rate else base_rate
    edge = min(abs(probability_up - base_rate) / room, 1.0)
    return edge if beats_constant else UNPROVEN_CONFIDENCE * edge

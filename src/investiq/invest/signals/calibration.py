"""Platt scaling: turns a classifier's score into a probability one can rely on. `calibration_fit` finds its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calibration", "share_up"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_MAX_EXPONENT: Final = 700.0
"""e to a little more than this is too large for a float."""

_EDGE: Final = 1e-6
"""Probabilities stay this far from 0 and 1: no five-session forecast of a share is certain."""


def share_up(up: Bools) -> float:
    """Share of rising outcomes, with one imagined outcome each way: a forecast of exactly 0 or 1 has infinite loss."""
    return (float(up.sum()) + 1.0) / (len(up) + 2.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """`log-odds = anchor + shift + slope * (score - anchor)`, `score` being the booster's raw log-odds."""

    slope: float
    """How much of the model's departures from its base rate is to be believed; 0 for nothing."""
    shift: float
    """Correction of the level."""
    anchor: float
    """Log-odds of the base rate that the model was trained on."""

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.slope, self.shift, self.anchor))) or self.slope < 0:
            raise ValueError(f"a calibration needs finite numbers and a slope of at least 0, not {self}")

    @classmethod
    def for_training(cls, up: Bools, slope: float = 1.0, shift: float = 0.0) -> Calibration:
        """For a model that was trained on the outcomes `up`; by default one that believes the model as it is."""
        rate = share_up(up)
        return cls(slope, shift, math.log(rate / (1.0 - rate)))

    @property
    def base_rate(self) -> float:
        """The forecast where the model has nothing to add."""
        return float(self.probability(np.array([self.anchor]))[0])

    def probability(self, scores: Floats) -> Floats:
        """Probabilities strictly between 0 and 1, same shape as `scores`."""
        log_odds = self.anchor + self.shift + self.slope * (scores - self.anchor)
        falling = np.exp(np.minimum(-log_odds, _MAX_EXPONENT))
        return np.clip(1.0 / (1.0 + falling), _EDGE, 1.0 - _EDGE)

"""Platt scaling: turns a classifier's score into a probability one can rely on.

Platt, *Probabilistic outputs for support vector machines* (1999), with two changes for data of this kind. Isotonic
regression would need thousands of independent rows; overlapping labels and symbols that move together leave hundreds.

- The level is held back by a prior. A few years' share of rising outcomes says more about those years than about the
  next: plain Platt scaling takes it at its word and then forecasts worse than no calibration.
- The slope is never negative. "Right, if turned round" is noise far more often than knowledge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]  # no type information is published
from scipy.special import expit  # type: ignore[import-untyped]

from investiq.invest.signals.dataset import HORIZON_SESSIONS

__all__ = ["Calibration", "fit_calibration", "share_up"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEVEL_PRIOR: Final = 0.1
"""Standard deviation, in log-odds, of how far the level may move: about 2.5 points of probability around one half."""

_MAX_SLOPE: Final = 20.0
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
        return np.clip(np.asarray(expit(log_odds), dtype=np.float64), _EDGE, 1.0 - _EDGE)


def fit_calibration(scores: Floats, anchors: Floats, up: Bools) -> tuple[float, float]:
    """Slope and shift with the highest posterior, from out-of-fold scores and what happened. All arrays are (rows,).

    Args:
        anchors: `Calibration.anchor` of the model that made each score.
    """
    margins, outcomes = scores - anchors, up.astype(np.float64)

    def loss(point: Floats) -> tuple[float, Floats]:
        slope, shift = point
        log_odds = anchors + shift + slope * margins
        misses = expit(log_odds) - outcomes
        # Neighbouring labels share all but one of their sessions: a row counts for one session, not for five.
        likelihood = (np.logaddexp(0.0, log_odds) - outcomes * log_odds).sum() / HORIZON_SESSIONS
        gradient = np.array([(misses * margins).sum(), misses.sum()]) / HORIZON_SESSIONS
        prior = 0.5 * (shift / LEVEL_PRIOR) ** 2
        return likelihood + prior, gradient + np.array([0.0, shift / LEVEL_PRIOR**2])

    start = np.array([1.0, 0.0])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, _MAX_SLOPE), (None, None)])
    return float(found.x[0]), float(found.x[1])

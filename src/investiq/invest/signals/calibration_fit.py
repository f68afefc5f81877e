"""Finds the numbers of Platt scaling from scores and what happened. Only training does: SciPy stays out of serving.

Platt, *Probabilistic outputs for support vector machines* (1999), with two changes for data of this kind. Isotonic
regression would need thousands of independent rows; overlapping labels and symbols that move together leave hundreds.

- The level is held back by a prior. A few years' share of rising outcomes says more about those years than about the
  next: plain Platt scaling takes it at its word and then forecasts worse than no calibration.
- The slope is never negative. "Right, if turned round" is noise far more often than knowledge.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]  # no type information is published
from scipy.special import expit  # type: ignore[import-untyped]

from investiq.invest.signals.dataset import HORIZON_SESSIONS

__all__ = ["fit_calibration"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEVEL_PRIOR: Final = 0.1
"""Standard deviation, in log-odds, of how far the level may move: about 2.5 points of probability around one half."""

_MAX_SLOPE: Final = 20.0


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

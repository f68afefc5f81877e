"""Is the model better than saying the same number every day? Proper scores, calibration error, and their noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from investiq.invest.signals.card import CalibrationBin, Improvement, Scores

__all__ = ["RULE", "Losses", "area_under_curve", "calibration_bins", "calibration_error", "improvement", "losses"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BLOCK_SESSIONS: Final = 21
RESAMPLES: Final = 2_000
BINS: Final = 10
_SEED: Final = 20_080_102

RULE: Final = (
    "The constant forecast is the hardest (by log loss) of three that were known at the time: the share of rising "
    "outcomes in all earlier rows, the same in the earlier out-of-fold rows, and the calibrated forecast where the "
    "model has nothing to add. beats_constant holds when the AUC is above one half and the lower bound of the 95 % "
    "interval of the improvement is above zero for Brier score and log loss alike. The interval comes from a circular "
    f"block bootstrap of whole sessions ({BLOCK_SESSIONS} in a block, {RESAMPLES} resamples): labels of neighbouring "
    "sessions overlap and symbols move together, so rows are far from independent, and a plain test would see skill "
    "in noise."
)


@dataclass(frozen=True, slots=True)
class Losses:
    """Loss of each row, (rows,)."""

    brier: Floats
    log_loss: Floats

    def mean(self) -> Scores:
        return Scores(brier=float(self.brier.mean()), log_loss=float(self.log_loss.mean()))


def losses(probability: Floats, up: Bools) -> Losses:
    """Brier and logarithmic loss of each forecast; probabilities lie strictly between 0 and 1."""
    return Losses((probability - up) ** 2, -np.log(np.where(up, probability, 1.0 - probability)))


def area_under_curve(probability: Floats, up: Bools) -> float | None:
    """Probability that a rising row got a higher forecast than a falling one; None where all rows went one way."""
    return None if up.all() or not up.any() else float(roc_auc_score(up, probability))


def calibration_bins(probability: Floats, up: Bools) -> tuple[CalibrationBin, ...]:
    """`BINS` bins of equal size by forecast. Equal *width* would put every row of a modest model into one bin."""
    order = np.argsort(probability, kind="stable")
    return tuple(
        CalibrationBin(rows=len(part), mean_forecast=float(probability[part].mean()), share_up=float(up[part].mean()))
        for part in np.array_split(order, BINS)
        if len(part)
    )


def calibration_error(bins: tuple[CalibrationBin, ...]) -> float:
    """Expected calibration error (Naeini et al. 2015): mean distance of forecast and outcome over the bins."""
    rows = sum(part.rows for part in bins)
    return sum(part.rows * abs(part.mean_forecast - part.share_up) for part in bins) / rows


def improvement(gain: Floats, sessions: NDArray[np.datetime64]) -> Improvement:
    """Mean of `gain` (rows,) and its 95 % interval by a circular block bootstrap over whole sessions."""
    _, which = np.unique(sessions, return_inverse=True)
    total = np.bincount(which, weights=gain)
    rows = np.bincount(which).astype(np.float64)
    count = len(total)
    starts = np.random.default_rng(_SEED).integers(0, count, size=(RESAMPLES, -(-count // BLOCK_SESSIONS)))
    drawn = ((starts[:, :, None] + np.arange(BLOCK_SESSIONS)) % count).reshape(RESAMPLES, -1)[:, :count]
    means = total[drawn].sum(axis=1) / rows[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Improvement(mean=float(gain.mean()), low=float(low), high=float(high))

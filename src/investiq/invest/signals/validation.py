"""Walk-forward validation of the whole recipe: fit, calibrate, forecast, each time with what was known by then."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.invest.signals.calibration import Calibration, share_up
from investiq.invest.signals.calibration_fit import fit_calibration
from investiq.invest.signals.card import FoldScores, Scores, Validation
from investiq.invest.signals.dataset import HORIZON_SESSIONS, Dataset
from investiq.invest.signals.evaluation import (
    RULE,
    area_under_curve,
    calibration_bins,
    calibration_error,
    improvement,
    losses,
)
from investiq.invest.signals.folds import EMBARGO_SESSIONS, Fold, walk_forward

__all__ = ["OutOfFold", "beats_constant", "predict_out_of_fold", "summarise"]

Floats = NDArray[np.float64]
Scorer = Callable[[Floats, NDArray[np.bool_], Floats], Floats]
"""(training features, training outcomes, unseen features) -> log-odds of the unseen rows."""

_FOLDS_AT_ONCE: Final = 4
"""Each takes a copy of its rows: with more, memory would be what a training is short of."""

_METHOD: Final = (
    f"walk-forward with expanding training windows; training and calibration rows whose {HORIZON_SESSIONS}-session "
    f"label was not decided {EMBARGO_SESSIONS} sessions before the test block are left out"
)
_CONSTANTS: Final = {
    "history": "share of rising outcomes in all earlier rows",
    "recent": "share of rising outcomes in the earlier out-of-fold rows",
    # Without this one a model could earn the name of skill with a well-placed level alone.
    "level": "the calibrated forecast where the model has nothing to add",
}


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Forecasts for rows that no model had seen, NaN where there is none. Arrays have one entry per dataset row."""

    folds: tuple[Fold, ...]
    calibration_rows: tuple[int, ...]
    """Rows behind each fold's calibration; none for the first fold."""
    scores: Floats
    """Raw log-odds."""
    anchors: Floats
    """Log-odds of the base rate that the model behind each score was trained on."""
    probability: Floats
    """Calibrated on earlier folds, so the first test block has none."""
    constants: dict[str, Floats]
    """The constant forecasts that were known at the time, by name."""

    @property
    def tested(self) -> NDArray[np.bool_]:
        return np.isfinite(self.scores)

    @property
    def judged(self) -> NDArray[np.bool_]:
        return np.isfinite(self.probability)


def predict_out_of_fold(dataset: Dataset, scorer: Scorer, on_fold: Callable[[int], None]) -> OutOfFold:
    """Forecast each test block from its past. `on_fold` hears how many folds are done, from 0 on.

    The models of several folds are fitted at the same time, since none needs another; what they say does not depend on
    it. Their calibration goes from fold to fold.
    """
    folds = tuple(walk_forward(dataset))
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _FOLDS_AT_ONCE), "fold") as threads:
        forecasts = [threads.submit(_forecast, dataset, fold, scorer) for fold in folds]
        try:
            return _calibrated(dataset, folds, forecasts, on_fold)
        finally:
            threads.shutdown(cancel_futures=True)  # after a failure, or Ctrl-C


def _forecast(dataset: Dataset, fold: Fold, scorer: Scorer) -> Floats:
    return scorer(dataset.features[fold.train], dataset.up[fold.train], dataset.features[fold.test])


def _calibrated(
    dataset: Dataset, folds: tuple[Fold, ...], forecasts: Sequence[Future[Floats]], on_fold: Callable[[int], None]
) -> OutOfFold:
    scores, anchors, probability = (np.full(len(dataset), np.nan) for _ in range(3))
    constants = {name: np.full(len(dataset), np.nan) for name in _CONSTANTS}
    calibration_rows: list[int] = []
    on_fold(0)
    for number, (fold, forecast) in enumerate(zip(folds, forecasts, strict=True)):
        past = dataset.up[fold.train]
        scores[fold.test] = forecast.result()
        anchors[fold.test] = Calibration.for_training(past).anchor
        known = np.flatnonzero(np.isfinite(scores) & (dataset.label_ends < fold.embargo_start))
        calibration_rows.append(len(known))
        if len(known):
            calibration = Calibration.for_training(
                past, *fit_calibration(scores[known], anchors[known], dataset.up[known])
            )
            probability[fold.test] = calibration.probability(scores[fold.test])
            constants["history"][fold.test] = share_up(past)
            constants["recent"][fold.test] = share_up(dataset.up[known])
            constants["level"][fold.test] = calibration.base_rate
        on_fold(number + 1)
    return OutOfFold(folds, tuple(calibration_rows), scores, anchors, probability, constants)


def _hardest_constant(dataset: Dataset, found: OutOfFold) -> str:
    judged = found.judged
    means = {
        name: losses(values[judged], dataset.up[judged]).mean().log_loss for name, values in found.constants.items()
    }
    return min(means, key=means.__getitem__)


def summarise(dataset: Dataset, found: OutOfFold) -> Validation:
    """The scores of the model card, over all judged rows and per fold."""
    judged = found.judged
    up, probability = dataset.up[judged], found.probability[judged]
    name = _hardest_constant(dataset, found)
    model, constant = losses(probability, up), losses(found.constants[name][judged], up)
    bins = calibration_bins(probability, up)
    sessions = dataset.sessions[judged]
    return Validation(
        method=_METHOD,
        rows=len(up),
        sessions=len(np.unique(sessions)),
        auc=area_under_curve(probability, up),
        model=model.mean(),
        constant=constant.mean(),
        constant_forecast=_CONSTANTS[name],
        improvement_brier=improvement(constant.brier - model.brier, sessions),
        improvement_log_loss=improvement(constant.log_loss - model.log_loss, sessions),
        rule=RULE,
        calibration_error=calibration_error(bins),
        calibration_bins=bins,
        folds=tuple(
            _fold_scores(dataset, found, fold, rows, name)
            for fold, rows in zip(found.folds, found.calibration_rows, strict=True)
        ),
    )


def _fold_scores(dataset: Dataset, found: OutOfFold, fold: Fold, calibration_rows: int, constant: str) -> FoldScores:
    up, sessions = dataset.up[fold.test], dataset.sessions[fold.test]

    def mean_of(forecast: Floats) -> Scores | None:
        return losses(forecast[fold.test], up).mean() if calibration_rows else None

    return FoldScores(
        first_session=sessions.min().item(),
        last_session=sessions.max().item(),
        training_rows=len(fold.train),
        calibration_rows=calibration_rows,
        rows=len(up),
        share_up=float(up.mean()),
        auc=area_under_curve(found.scores[fold.test], up),
        model=mean_of(found.probability),
        constant=mean_of(found.constants[constant]),
    )


def beats_constant(validation: Validation) -> bool:
    """See `evaluation.RULE`: it ranks better than chance, and both improvements are more than their noise."""
    ranks = validation.auc is not None and validation.auc > 0.5
    return ranks and validation.improvement_brier.low > 0 and validation.improvement_log_loss.low > 0

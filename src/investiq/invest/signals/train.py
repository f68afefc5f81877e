"""Trains the classifier, judges it out of fold, and writes down both: bars in, artifact out.

Everything is seeded and single-threaded, so equal bars give an equal artifact, byte for byte, on equal libraries.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from typing import Final

import lightgbm
import numpy as np
import structlog
from numpy.typing import NDArray

from investiq import __version__
from investiq.foundation.errors import InvestIQError
from investiq.invest.signals.calibration import Calibration
from investiq.invest.signals.calibration_fit import fit_calibration
from investiq.invest.signals.card import ModelCard, TrainingData
from investiq.invest.signals.dataset import (
    HORIZON_SESSIONS,
    MOST_ROWS,
    Dataset,
    Histories,
    bars_before,
    build_dataset,
    data_hash,
    sampling,
)
from investiq.invest.signals.drift import DriftReference, binned
from investiq.invest.signals.features import FEATURE_REVISION, FEATURES, NEEDED_BARS
from investiq.invest.signals.folds import FOLDS
from investiq.invest.signals.model import Artifact, content_version
from investiq.invest.signals.trees import header_and_trees, read_trees
from investiq.invest.signals.validation import OutOfFold, beats_constant, predict_out_of_fold, summarise

__all__ = ["MINIMUM_SESSIONS", "Progress", "TooLittleData", "train"]

_log = structlog.get_logger(__name__)

Progress = Callable[[str, int, int], None]
"""Called as `progress(stage, done, total)`; stages in order: features, validation, fit."""

MINIMUM_SESSIONS: Final = 250
"""Sessions with features and label below which six folds say nothing (about 15 months of bars)."""

ROUNDS: Final = 100

PARAMETERS: Final[dict[str, str | int | float | bool]] = {
    "objective": "binary",
    "learning_rate": 0.03,
    # Daily returns are nearly noise: small trees over large leaves, and each tree sees a part of rows and features.
    # Chosen once on that ground and never tuned on the folds, which would make the scores of the card flattering.
    "num_leaves": 7,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "seed": 20_080_102,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}

QUANTILE_LEVELS: Final = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class TooLittleData(InvestIQError):
    """The bars before the cut-off are too few to train and validate on."""

    reason = "too_little_data"


def _ignore(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def train(histories: Histories, before: date, progress: Progress = _ignore) -> Artifact:
    """Train on the sessions of `histories` strictly before `before`; nothing later has any influence.

    Raises:
        TooLittleData: fewer than `MINIMUM_SESSIONS` usable sessions.
    """
    progress("features", 0, 1)
    past = bars_before(histories, before)
    every = sampling(past)
    if every > 1:
        _log.info("training_sampled", every=every, most_rows=MOST_ROWS, symbols=len(past))
    dataset = build_dataset(past, every)
    _require_enough(dataset, before)
    progress("features", 1, 1)

    out_of_fold = predict_out_of_fold(dataset, _scores_of_fold, lambda done: progress("validation", done, FOLDS))
    validation = summarise(dataset, out_of_fold)

    progress("fit", 0, 1)
    booster = _fit(dataset.features, dataset.up)
    tested = out_of_fold.tested
    calibration = Calibration.for_training(
        dataset.up, *fit_calibration(out_of_fold.scores[tested], out_of_fold.anchors[tested], dataset.up[tested])
    )
    text = header_and_trees(booster.model_to_string())
    read_trees(text, FEATURES)  # what could not be read back must not replace a model that can
    card = ModelCard(
        model_version=content_version(text, calibration),
        algorithm="LightGBM gradient-boosted trees, binary, Platt-calibrated",
        parameters={**PARAMETERS, "rounds": ROUNDS},
        horizon_sessions=HORIZON_SESSIONS,
        features=FEATURES,
        feature_revision=FEATURE_REVISION,
        needed_bars=NEEDED_BARS,
        beats_constant=beats_constant(validation),
        data=_describe(dataset, data_hash(past), before, every),
        validation=validation,
        importance=_importance(booster),
        quantile_levels=QUANTILE_LEVELS,
        feature_quantiles=_quantiles(dataset),
        drift_reference=_drift_reference(dataset, out_of_fold, calibration),
        libraries=_libraries(),
    )
    progress("fit", 1, 1)
    return Artifact(text, calibration, card)


def _require_enough(dataset: Dataset, before: date) -> None:
    sessions = len(np.unique(dataset.sessions))
    if sessions < MINIMUM_SESSIONS:
        raise TooLittleData(
            f"only {sessions} sessions before {before} have all features and a known outcome, expected at least "
            f"{MINIMUM_SESSIONS}: choose a later start (`market.start`), or give longer histories",
            needed=MINIMUM_SESSIONS,
            given=sessions,
        )


def _fit(features: NDArray[np.float64], up: NDArray[np.bool_]) -> lightgbm.Booster:
    rows = lightgbm.Dataset(features, up.astype(np.float64), feature_name=list(FEATURES), params=PARAMETERS)
    return lightgbm.train(PARAMETERS, rows, ROUNDS)


def _scores_of_fold(
    features: NDArray[np.float64], up: NDArray[np.bool_], unseen: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log-odds for the rows `unseen` from a model that learned from `features` and `up` only."""
    return np.asarray(_fit(features, up).predict(unseen, raw_score=True, num_threads=1), dtype=np.float64)


def _describe(dataset: Dataset, sha256: str, before: date, every: int) -> TrainingData:
    return TrainingData(
        sha256=sha256,
        before=before,
        first_session=dataset.sessions.min().item(),
        last_session=dataset.sessions.max().item(),
        trained_until=dataset.label_ends.max().item(),
        rows=len(dataset),
        rows_per_symbol=dataset.rows_per_symbol(),
        every=every,
        base_rate=float(dataset.up.mean()),
    )


def _importance(booster: lightgbm.Booster) -> dict[str, float]:
    gains = booster.feature_importance("gain")
    total = float(gains.sum()) or 1.0
    return {name: float(gain) / total for name, gain in zip(FEATURES, gains, strict=True)}


def _quantiles(dataset: Dataset) -> dict[str, tuple[float, ...]]:
    table = np.quantile(dataset.features, QUANTILE_LEVELS, axis=0)
    return {name: tuple(map(float, table[:, column])) for column, name in enumerate(FEATURES)}


def _drift_reference(dataset: Dataset, out_of_fold: OutOfFold, calibration: Calibration) -> DriftReference:
    """Forecasts of rows that a model has learned from are bolder than live ones, so those out of fold stand for them.

    Each fold's model had a base rate of its own: its departures from that are taken over to the base rate of the model
    that serves.
    """
    tested = out_of_fold.tested
    scores = out_of_fold.scores[tested] - out_of_fold.anchors[tested] + calibration.anchor
    return DriftReference(
        features={name: binned(dataset.features[:, column]) for column, name in enumerate(FEATURES)},
        probability=binned(calibration.probability(scores)),
    )


def _libraries() -> dict[str, str]:
    names = ("lightgbm", "numpy", "scikit-learn")
    return {"investiq": __version__, "python": platform.python_version(), **{name: version(name) for name in names}}

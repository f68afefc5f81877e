"""A model in memory: trees, calibration and card, and the prediction that they make from bars."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from investiq.foundation.errors import InvestIQError
from investiq.invest.market.types import Bar, Symbol
from investiq.invest.signals.calibration import Calibration
from investiq.invest.signals.card import ModelCard
from investiq.invest.signals.features import FEATURES, NEEDED_BARS, feature_matrix
from investiq.invest.signals.prediction import Prediction, confidence_of
from investiq.invest.signals.trees import read_trees

__all__ = ["Artifact", "Model", "TooFewBars", "UnusableBars", "calibration_json", "content_version"]


Floats = NDArray[np.float64]


class TooFewBars(InvestIQError):
    """A prediction needs more bars than were given."""

    reason = "too_few_bars"


class UnusableBars(InvestIQError):
    """The bars give features that are not finite numbers."""

    reason = "unusable_bars"


@dataclass(frozen=True, slots=True)
class Artifact:
    """What training makes and the disk keeps."""

    model_text: str = field(repr=False)
    """LightGBM's text format, header and trees only."""
    calibration: Calibration
    card: ModelCard = field(repr=False)


def calibration_json(calibration: Calibration) -> str:
    """The calibration as it is kept: JSON numbers, which Python writes and reads without loss."""
    return json.dumps({"method": "platt", **asdict(calibration)}, indent=2, allow_nan=False) + "\n"


def content_version(model_text: str, calibration: Calibration) -> str:
    """A name that follows from what the model computes: 12 hexadecimal digits."""
    content = model_text + calibration_json(calibration)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


class Model:
    """An artifact that is ready to predict.

    Args:
        trained_at: wall time (UTC) of the training, where it is known.

    Raises:
        MalformedTrees: the artifact's trees are not a sound classifier over `FEATURES`.
    """

    def __init__(self, artifact: Artifact, trained_at: datetime | None = None) -> None:
        self.card = artifact.card
        self.trained_at = trained_at
        self._calibration = artifact.calibration
        self._trees = read_trees(artifact.model_text, FEATURES)

    def features(self, symbol: Symbol, bars: Sequence[Bar]) -> Floats:
        """What the model looks at, at the close of the last of `bars`: (features,), finite.

        Args:
            bars: ascending; only the last `NEEDED_BARS` matter.

        Raises:
            TooFewBars: fewer than `NEEDED_BARS`.
            UnusableBars: prices so extreme that a feature is not finite.
        """
        if len(bars) < NEEDED_BARS:
            raise TooFewBars(
                f"{len(bars)} bars of {symbol} are too few: a prediction needs the last {NEEDED_BARS} sessions",
                needed=NEEDED_BARS,
                given=len(bars),
            )
        row: Floats = feature_matrix(bars[-NEEDED_BARS:])[-1]
        unusable = [name for name, finite in zip(FEATURES, np.isfinite(row), strict=True) if not finite]
        if unusable:
            raise UnusableBars(
                f"the last {NEEDED_BARS} bars of {symbol} give no finite {', '.join(unusable)}: check their prices",
                features=unusable,
            )
        return row

    def forecast(self, symbol: Symbol, session: date, features: Floats) -> Prediction:
        """The forecast at the close of `session` from its `features`."""
        scores = self._trees.scores(features.reshape(1, -1))
        probability = float(self._calibration.probability(scores)[0])
        card = self.card
        return Prediction(
            symbol=symbol,
            as_of=session,
            horizon_sessions=card.horizon_sessions,
            probability_up=probability,
            confidence=confidence_of(probability, self._calibration.base_rate, card.beats_constant),
            beats_constant=card.beats_constant,
            model_version=card.model_version,
            trained_until=card.data.trained_until,
        )

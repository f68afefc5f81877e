"""A model in memory: trees, calibration and card, and the prediction that they make from bars."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from investiq.foundation.errors import InvestIQError
from investiq.invest.market.types import Bar, Symbol
from investiq.invest.signals.calibration import Calibration
from investiq.invest.signals.card import ModelCard
from investiq.invest.signals.features import FEATURES, NEEDED_BARS, last_features
from investiq.invest.signals.prediction import Prediction, confidence_of
from investiq.invest.signals.trees import read_trees

__all__ = [
    "Artifact",
    "Floats",
    "Model",
    "Question",
    "TooFewBars",
    "UnusableBars",
    "calibration_json",
    "content_version",
]

Floats = NDArray[np.float64]
Question = tuple[Symbol, Sequence[Bar]]
"""A symbol, and its bars up to the close to predict from."""


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
        (found,) = self.features_of([(symbol, bars)])
        if isinstance(found, InvestIQError):
            raise found
        return found

    def features_of(self, questions: Sequence[Question]) -> Sequence[Floats | TooFewBars | UnusableBars]:
        """The `features` for each question, computed together, or why there are none."""
        answerable = [bars for _, bars in questions if len(bars) >= NEEDED_BARS]
        rows = iter(last_features(answerable) if answerable else ())
        return [
            _checked(symbol, next(rows)) if len(bars) >= NEEDED_BARS else _too_few(symbol, len(bars))
            for symbol, bars in questions
        ]

    def predict(
        self, questions: Sequence[Question], observe: Callable[[Prediction, Floats], None] | None = None
    ) -> Sequence[Prediction | TooFewBars | UnusableBars]:
        """The forecast for each question at the close of its last bar, or why there is none; computed together.

        Args:
            observe: called with each forecast and the features that it was made from.
        """
        found = self.features_of(questions)
        rows = [row for row in found if not isinstance(row, InvestIQError)]
        pairs = zip(questions, found, strict=True)
        asked = [(symbol, bars[-1].session) for (symbol, bars), row in pairs if not isinstance(row, InvestIQError)]
        forecasts = self.forecasts(asked, np.stack(rows)) if rows else ()
        if observe is not None:
            for forecast, row in zip(forecasts, rows, strict=True):
                observe(forecast, row)
        following = iter(forecasts)
        return [row if isinstance(row, InvestIQError) else next(following) for row in found]

    def forecast(self, symbol: Symbol, session: date, features: Floats) -> Prediction:
        """The forecast at the close of `session` from its `features`."""
        (found,) = self.forecasts([(symbol, session)], features.reshape(1, -1))
        return found

    def forecasts(self, of: Sequence[tuple[Symbol, date]], features: Floats) -> Sequence[Prediction]:
        """The forecast for each symbol at the close of its session.

        Args:
            features: (len(of), features).
        """
        probabilities = self._calibration.probability(self._trees.scores(features))
        card = self.card
        return [
            Prediction(
                symbol=symbol,
                as_of=session,
                horizon_sessions=card.horizon_sessions,
                probability_up=probability,
                confidence=confidence_of(probability, self._calibration.base_rate, card.beats_constant),
                beats_constant=card.beats_constant,
                model_version=card.model_version,
                trained_until=card.data.trained_until,
            )
            for (symbol, session), probability in zip(of, map(float, probabilities), strict=True)
        ]


def _checked(symbol: Symbol, row: Floats) -> Floats | UnusableBars:
    unusable = [name for name, finite in zip(FEATURES, np.isfinite(row), strict=True) if not finite]
    if not unusable:
        return row
    return UnusableBars(
        f"the last {NEEDED_BARS} bars of {symbol} give no finite {', '.join(unusable)}: check their prices",
        features=unusable,
    )


def _too_few(symbol: Symbol, given: int) -> TooFewBars:
    return TooFewBars(
        f"{given} bars of {symbol} are too few: a prediction needs the last {NEEDED_BARS} sessions",
        needed=NEEDED_BARS,
        given=given,
    )

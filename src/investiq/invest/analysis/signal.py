"""The signal engine: what the machine-learning model says, through a protocol that wiring binds to its HTTP service.

score      = 2 P(up) - 1, the chance that the price rises over the model's horizon less the chance that it does not
confidence = the model's own, which is near 0 when it does not beat a constant forecast
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import EngineName
from investiq.invest.analysis.engine import Answer, Unavailable, Verdict, history_inputs, missing_history
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.market.types import Bar, Symbol

__all__ = ["MismatchedPrediction", "Prediction", "SignalEngine", "SignalSource", "SignalUnavailable"]


class SignalUnavailable(InvestIQError):
    """The model has nothing to say, or cannot be reached; the message tells people why."""

    reason = "signal_unavailable"
    retryable = True


class MismatchedPrediction(InvestIQError):
    """The model answered for another symbol or session than it was asked for."""

    reason = "mismatched_prediction"


@dataclass(frozen=True, slots=True)
class Prediction:
    """The model's answer.

    Attributes:
        as_of: session of the last bar that it saw.
        horizon_sessions: how far ahead it looks.
        probability_up: calibrated, 0 to 1.
        confidence: 0 to 1.
        beats_constant: whether it beat the constant forecast in validation.
        trained_until: last session in its training data.
    """

    symbol: Symbol
    as_of: date
    horizon_sessions: int
    probability_up: float
    confidence: float
    beats_constant: bool
    model_version: str
    trained_until: date


class SignalSource(Protocol):
    """Where predictions come from."""

    async def predict(self, symbol: Symbol, bars: Sequence[Bar]) -> Prediction:
        """The prediction at the last of `bars` (oldest first).

        Raises:
            SignalUnavailable: there is none, such as for too few bars or with no model loaded.
        """
        ...

    async def predict_many(
        self, questions: Sequence[tuple[Symbol, Sequence[Bar]]]
    ) -> Sequence[Prediction | InvestIQError]:
        """As `predict` for each question, in one go; what it would have raised stands in the place of its answer.

        Raises:
            SignalUnavailable: there is no answer to any of them.
        """
        ...

    def model(self) -> str | None:
        """The version of the model that answered last; None when the source does not answer, or is not known yet."""
        ...


class SignalEngine:
    """Asks the signal source and takes over its probability and its confidence."""

    name = EngineName.SIGNAL

    def __init__(self, source: SignalSource) -> None:
        self._source = source

    async def assess(self, snapshot: Snapshot) -> Answer:
        """The prediction at the last completed session.

        Raises:
            MismatchedPrediction: the answer belongs to another question.
        """
        if lacking := missing_history(snapshot, needed=1):
            return lacking
        try:
            prediction = await self._source.predict(snapshot.symbol, snapshot.bars)
        except SignalUnavailable as error:
            return Unavailable(error.message, passing=True)
        _check_question(prediction, snapshot)
        return _verdict(prediction)

    async def assess_many(self, snapshots: Sequence[Snapshot]) -> Sequence[Answer | Exception]:
        """As `assess` for each snapshot, with one question to the source; what it would have raised stands in place.

        Args:
            snapshots: at least one.
        """
        lacking = [missing_history(snapshot, needed=1) for snapshot in snapshots]
        asked = [snapshot for snapshot, lacks in zip(snapshots, lacking, strict=True) if lacks is None]
        found = iter(await self._predictions(asked) if asked else ())
        return [lacks or next(found) for lacks in lacking]

    async def _predictions(self, snapshots: Sequence[Snapshot]) -> Sequence[Answer | Exception]:
        try:
            found = await self._source.predict_many([(snapshot.symbol, snapshot.bars) for snapshot in snapshots])
        except SignalUnavailable as error:
            return [Unavailable(error.message, passing=True)] * len(snapshots)
        return [_answer(one, snapshot) for one, snapshot in zip(found, snapshots, strict=True)]

    def inputs(self, snapshot: Snapshot) -> Hashable:
        """The bars and the model, where it is known which one serves."""
        model = self._source.model()
        return None if model is None else (history_inputs(snapshot), model)


def _answer(found: Prediction | InvestIQError, snapshot: Snapshot) -> Answer | Exception:
    if isinstance(found, SignalUnavailable):
        return Unavailable(found.message, passing=True)
    if isinstance(found, InvestIQError):
        return found
    try:
        _check_question(found, snapshot)
        return _verdict(found)
    except (MismatchedPrediction, ValueError) as error:
        return error


def _check_question(prediction: Prediction, snapshot: Snapshot) -> None:
    asked = (snapshot.symbol, snapshot.bars.session(-1))
    if (prediction.symbol, prediction.as_of) != asked:
        raise MismatchedPrediction(
            f"asked for {asked[0]} at {asked[1]}, the model answered for {prediction.symbol} at {prediction.as_of}"
        )


def _verdict(prediction: Prediction) -> Verdict:
    metrics = {
        "probability_up": prediction.probability_up,
        "horizon_sessions": prediction.horizon_sessions,
        "beats_constant": "yes" if prediction.beats_constant else "no",
        "model_version": prediction.model_version,
        "trained_until": prediction.trained_until.isoformat(),
        "last_session": prediction.as_of.isoformat(),
    }
    return Verdict(2 * prediction.probability_up - 1, prediction.confidence, metrics)

"""The signal engine takes over what the model says, or says why there is nothing to take over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from investiq.foundation.errors import InvestIQError
from investiq.invest.analysis.engine import Unavailable, Verdict
from investiq.invest.analysis.signal import MismatchedPrediction, Prediction, SignalEngine, SignalUnavailable
from investiq.invest.market.types import Bar, Symbol
from tests.invest.analysis.made_markets import SYMBOL, made_bars, random_walk, snapshot_of

SNAPSHOT = snapshot_of(made_bars(random_walk(30, seed=1)))
PREDICTION = Prediction(
    symbol=SYMBOL,
    as_of=SNAPSHOT.bars[-1].session,
    horizon_sessions=5,
    probability_up=0.62,
    confidence=0.08,
    beats_constant=True,
    model_version="3f2a",
    trained_until=date(2004, 12, 31),
)


@dataclass
class Model:
    """Answers what it is told to, and remembers what it was asked."""

    answer: Prediction | Exception
    asked: list[tuple[Symbol, Sequence[Bar]]] = field(default_factory=list)

    async def predict(self, symbol: Symbol, bars: Sequence[Bar]) -> Prediction:
        self.asked.append((symbol, bars))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def predict_many(
        self, questions: Sequence[tuple[Symbol, Sequence[Bar]]]
    ) -> Sequence[Prediction | InvestIQError]:
        self.asked += questions
        if isinstance(self.answer, InvestIQError):
            raise self.answer
        assert isinstance(self.answer, Prediction)
        return [replace(PREDICTION, symbol=OTHER), self.answer][: len(questions)]

    def model(self) -> str | None:
        return None


async def test_score_is_up_less_down_and_confidence_is_the_models_own() -> None:
    model = Model(PREDICTION)
    verdict = await SignalEngine(model).assess(SNAPSHOT)
    assert isinstance(verdict, Verdict)
    assert verdict.score == pytest.approx(0.24)
    assert verdict.confidence == 0.08
    assert verdict.metrics == {
        "probability_up": 0.62,
        "horizon_sessions": 5,
        "beats_constant": "yes",
        "model_version": "3f2a",
        "trained_until": "2004-12-31",
        "last_session": SNAPSHOT.bars[-1].session.isoformat(),
    }
    assert model.asked == [(SYMBOL, SNAPSHOT.bars)]


async def test_a_model_without_an_answer_makes_it_unavailable_with_the_models_reason() -> None:
    source = Model(SignalUnavailable("needs 90 completed sessions and there are 30"))
    answer = await SignalEngine(source).assess(SNAPSHOT)
    assert answer == Unavailable("needs 90 completed sessions and there are 30", passing=True)


@pytest.mark.parametrize(
    "other", [replace(PREDICTION, symbol=Symbol("OTHER")), replace(PREDICTION, as_of=date(2005, 1, 4))]
)
async def test_an_answer_to_another_question_is_an_error(other: Prediction) -> None:
    with pytest.raises(MismatchedPrediction, match="asked for TEST"):
        await SignalEngine(Model(other)).assess(SNAPSHOT)


OTHER = Symbol("OTHER")
BEFORE_THE_FIRST_BAR = replace(SNAPSHOT, symbol=Symbol("NEW"), bars=SNAPSHOT.bars[:0])


async def test_many_snapshots_are_one_question_and_each_gets_its_own_answer() -> None:
    other = replace(SNAPSHOT, symbol=OTHER)
    model = Model(SignalUnavailable("needs 90 completed sessions and there are 30"))
    assert await SignalEngine(model).assess_many([other, BEFORE_THE_FIRST_BAR, SNAPSHOT]) == [
        Unavailable("needs 90 completed sessions and there are 30", passing=True),
        Unavailable("needs 1 completed sessions and there are 0"),
        Unavailable("needs 90 completed sessions and there are 30", passing=True),
    ]
    answering = Model(PREDICTION)
    found = await SignalEngine(answering).assess_many([other, BEFORE_THE_FIRST_BAR, SNAPSHOT])
    assert [symbol for symbol, _ in answering.asked] == [OTHER, SYMBOL]
    assert found[2] == await SignalEngine(answering).assess(SNAPSHOT)
    assert await SignalEngine(answering).assess_many([BEFORE_THE_FIRST_BAR]) == [found[1]]


async def test_an_answer_to_another_question_is_an_error_of_that_question_alone() -> None:
    elsewhere = replace(PREDICTION, as_of=date(2005, 1, 4))
    first, second = await SignalEngine(Model(elsewhere)).assess_many([replace(SNAPSHOT, symbol=OTHER), SNAPSHOT])
    assert isinstance(first, Verdict)
    assert isinstance(second, MismatchedPrediction)


@pytest.mark.parametrize("probability", [1.2, -0.1, float("nan")])
async def test_a_probability_that_is_none_is_an_error(probability: float) -> None:
    with pytest.raises(ValueError, match="score"):
        await SignalEngine(Model(replace(PREDICTION, probability_up=probability))).assess(SNAPSHOT)

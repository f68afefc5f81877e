"""How results become one: the documented formulas, and nothing invented where nobody answered."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation.vocabulary import Regime, Signal
from investiq.invest.analysis.engine import Unavailable, Verdict
from investiq.invest.analysis.overall import combine
from investiq.invest.analysis.result import EngineResult, Overall
from tests.invest.analysis.made_markets import at

AS_OF = at(2008, 10, 10, 20)
WEIGHTS = {"technical": 0.3, "quantitative": 0.2, "signal": 0.2, "sentiment": 0.1, "fundamental": 0.2}


def ok(engine: str, score: float, confidence: float) -> EngineResult:
    return EngineResult.of(engine, Verdict(score, confidence), AS_OF, 1.0)


def silent(engine: str) -> EngineResult:
    return EngineResult.of(engine, Unavailable("nothing to go by"), AS_OF, 1.0)


def broken(engine: str) -> EngineResult:
    return EngineResult.failed(engine, "timeout", AS_OF, 1.0)


def combined(*results: EngineResult, weights: dict[str, float] | None = None) -> Overall:
    return combine(results, weights or WEIGHTS, Regime.BULL_CALM)


def test_the_formulas_by_hand() -> None:
    overall = combined(
        ok("technical", 0.8, 0.5), ok("quantitative", -0.4, 0.9), ok("signal", 0.1, 0.0), silent("sentiment")
    )
    assert overall.weights == {
        "technical": pytest.approx(3 / 7),
        "quantitative": pytest.approx(2 / 7),
        "signal": pytest.approx(2 / 7),
    }
    assert overall.coverage == pytest.approx(0.7)
    # pulls: technical 3/7 x 0.5, quantitative 2/7 x 0.9
    assert overall.score == pytest.approx((1.5 * 0.8 - 1.8 * 0.4) / (1.5 + 1.8), abs=5e-5)
    assert overall.confidence == pytest.approx(0.7 * (1.5 + 1.8) / 7, abs=5e-5)
    assert overall.conviction == pytest.approx((1.5 * 0.8 - 1.8 * 0.4) / (1.5 * 0.8 + 1.8 * 0.4), abs=5e-5)
    assert overall.signal is Signal.WEAK_BUY


@pytest.mark.parametrize("results", [(), (silent("technical"), broken("signal"))])
def test_where_no_engine_answered_nothing_is_invented(results: tuple[EngineResult, ...]) -> None:
    overall = combined(*results)
    assert (overall.signal, overall.score) == (None, None)
    assert (overall.confidence, overall.conviction, overall.coverage) == (0, 0, 0)
    assert overall.weights == {}


def test_engines_without_any_confidence_lean_nowhere() -> None:
    overall = combined(ok("technical", 1, 0), ok("quantitative", 0.9, 0))
    assert (overall.signal, overall.score, overall.confidence) == (Signal.NEUTRAL, 0, 0)
    assert overall.coverage == 0.5


def test_an_engine_of_weight_0_is_heard_but_counts_for_nothing() -> None:
    weights = {"technical": 1.0, "signal": 0.0}
    assert combined(ok("signal", 1, 1), weights=weights).signal is None
    both = combined(ok("technical", -0.5, 0.5), ok("signal", 1, 1), weights=weights)
    assert (both.score, both.coverage, both.weights) == (-0.5, 1, {"technical": 1})


def test_a_silent_engine_lowers_the_confidence() -> None:
    loud = combined(*(ok(name, 0.5, 0.8) for name in WEIGHTS))
    quiet = combined(*(ok(name, 0.5, 0.8) for name in WEIGHTS if name != "fundamental"))
    assert loud.confidence == pytest.approx(0.8)
    assert quiet.confidence == pytest.approx(0.64)
    assert loud.score == quiet.score == 0.5


def test_conviction_is_agreement_and_one_voice_cannot_agree_with_itself() -> None:
    assert combined(ok("technical", 0.9, 0.9)).conviction == 0
    assert combined(ok("technical", 0.9, 0.9), ok("signal", 0.9, 0.0)).conviction == 0
    assert combined(ok("technical", 0.9, 0.9), ok("signal", 0.1, 0.2)).conviction == 1
    assert combined(ok("quantitative", 0.5, 0.5), ok("signal", -0.5, 0.5)).conviction == 0


def test_a_missing_regime_says_why() -> None:
    overall = combine([], WEIGHTS, Unavailable("needs 253 completed sessions and there are 12"))
    assert overall.regime is None
    assert overall.regime_reason == "needs 253 completed sessions and there are 12"
    assert combined().regime_reason is None


VERDICTS = st.tuples(st.floats(-1, 1), st.floats(0, 1))


@given(
    answers=st.dictionaries(st.sampled_from(sorted(WEIGHTS)), st.none() | VERDICTS),
    weights=st.fixed_dictionaries(dict.fromkeys(WEIGHTS, st.floats(0.01, 1))),
)
def test_whatever_the_engines_say_the_result_keeps_its_bounds(
    answers: dict[str, tuple[float, float] | None], weights: dict[str, float]
) -> None:
    overall = combined(*(ok(n, *a) if a else broken(n) for n, a in answers.items()), weights=weights)
    answered = {name for name, answer in answers.items() if answer}
    assert set(overall.weights) == answered
    assert math.isclose(sum(overall.weights.values()), 1) or not answered
    assert overall.coverage == pytest.approx(sum(weights[n] for n in answered) / sum(weights.values()), abs=5e-5)
    assert 0 <= overall.confidence <= overall.coverage + 1e-4
    assert 0 <= overall.conviction <= 1
    assert (overall.score is None) == (not answered)
    scores = [round(answer[0], 4) for answer in answers.values() if answer]
    assert overall.score is None or min([*scores, 0]) <= overall.score <= max([*scores, 0])

"""Whatever the prices: bounds hold, nothing that is no number leaves, and what comes later changes nothing."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from investiq.foundation.vocabulary import EngineStatus
from investiq.invest.analysis.engine import Answer
from investiq.invest.analysis.overall import combine
from investiq.invest.analysis.quantitative import QuantitativeEngine
from investiq.invest.analysis.regime import regime_of
from investiq.invest.analysis.result import Analysis, EngineResult, Findings
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.analysis.technical import TechnicalEngine
from investiq.invest.market.types import Bar, Symbol
from tests.chance import examples
from tests.invest.analysis.made_markets import SYMBOL, made_bars, market_at_close

WEIGHTS = {"technical": 0.6, "quantitative": 0.4}


@st.composite
def price_paths(draw: st.DrawFn) -> list[Bar]:
    """Stretches that stand still, wander, crash or soar, from a hundredth of a cent on, with missing sessions."""
    start = draw(st.sampled_from([0.0001, 0.01, 1.0, 97.5, 120_000.0]))
    steps: list[float] = []
    for _ in range(draw(st.integers(1, 5))):
        length, volatility = draw(st.integers(1, 160)), draw(st.sampled_from([0.0, 0.0, 1e-6, 0.01, 0.1]))
        steps += list(np.random.default_rng(draw(st.integers(0, 99))).normal(0, volatility, length))
        steps.append(draw(st.sampled_from([0.0, 0.0, -0.9, 1.5])))
    closes = np.maximum(start * np.exp(np.clip(np.cumsum(steps), -20, 12)), 0.0001)
    volumes = [draw(st.sampled_from([0, 1, 10**9]))] * len(closes)
    bars = made_bars(closes, spread=draw(st.sampled_from([0.0, 0.02])), volumes=volumes)
    missing = draw(st.sets(st.integers(0, len(bars) - 2), max_size=20)) if len(bars) > 30 else set()
    return [bar for index, bar in enumerate(bars) if index not in missing]


def analysis_of(snapshot: Snapshot) -> Analysis:
    answers: dict[str, Answer] = {
        "technical": TechnicalEngine().assess(snapshot),
        "quantitative": QuantitativeEngine().assess(snapshot),
    }
    results = [EngineResult.of(name, answer, snapshot.as_of, 1.0) for name, answer in answers.items()]
    overall = combine(results, WEIGHTS, regime_of(snapshot))
    return Analysis(SYMBOL, snapshot.as_of, Decimal(1), Findings(overall, {each.engine: each for each in results}))


@settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(price_paths(), price_paths())
def test_any_path_gives_a_sound_analysis(bars: list[Bar], other: list[Bar]) -> None:
    market, _ = market_at_close({SYMBOL: bars, Symbol("OTHER"): other}, session=bars[-1].session)
    analysis = analysis_of(Snapshot.take(market, SYMBOL))
    json.dumps(analysis.to_dict(), allow_nan=False)
    for result in analysis.engines.values():
        assert (result.status is EngineStatus.OK) == (result.score is not None) == (result.reason is None)
        assert result.score is None or -1 <= result.score <= 1
        assert result.confidence is None or 0 <= result.confidence <= 1
    answered = sum(WEIGHTS[name] for name, result in analysis.engines.items() if result.score is not None)
    assert abs(analysis.overall.coverage - answered) < 1e-4
    assert not analysis.overall.weights or abs(sum(analysis.overall.weights.values()) - 1) < 1e-9


@settings(
    max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(price_paths(), price_paths(), st.data())
def test_what_comes_later_changes_nothing(bars: list[Bar], future: list[Bar], data: st.DataObject) -> None:
    """No look-ahead: the same analysis whether the rest of history is as it was, another one, or missing."""
    cut = data.draw(st.integers(1, len(bars)))
    known = bars[:cut]
    now = known[-1].session
    rest = [bar for bar in future if bar.session > now]
    histories = (bars, known, [*known, *rest])
    others = ([*bars[:cut], *rest], bars[:cut], bars)
    documents = []
    for history, other in zip(histories, others, strict=True):
        market, _ = market_at_close({SYMBOL: history, Symbol("OTHER"): other}, session=now)
        documents.append(analysis_of(Snapshot.take(market, SYMBOL)).to_dict())
    assert documents[0] == documents[1] == documents[2]

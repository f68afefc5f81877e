"""The JSON of an analysis, field by field."""

from __future__ import annotations

import json
from decimal import Decimal

from investiq.foundation.vocabulary import Regime, Signal
from investiq.invest.analysis.engine import Unavailable, Verdict
from investiq.invest.analysis.overall import combine
from investiq.invest.analysis.result import Analysis, EngineResult, Findings
from investiq.invest.market.types import Symbol
from tests.invest.analysis.made_markets import at

AS_OF = at(2008, 10, 10, 20)


def test_the_document_is_the_contract() -> None:
    metrics = {"sharpe": -0.71234567891234, "returns": 252, "sortino": None, "last_session": "2008-10-10"}
    results = [
        EngineResult.of("technical", Verdict(-0.54321987, 0.5, metrics), AS_OF, 1.23456),
        EngineResult.of("sentiment", Unavailable("the price provider has no news"), AS_OF, 0.01),
        EngineResult.failed("signal", "timeout", AS_OF, 3000.0),
    ]
    weights = {"technical": 0.5, "sentiment": 0.25, "signal": 0.25}
    overall = combine(results, weights, Regime.BEAR_VOLATILE)
    analysis = Analysis(
        Symbol("AAPL"), AS_OF, Decimal("13.8300"), Findings(overall, {each.engine: each for each in results})
    )
    nothing: dict[str, object] = {
        "signal": None,
        "score": None,
        "confidence": None,
        "metrics": {},
        "as_of": "2008-10-10T20:00:00Z",
    }
    assert json.loads(json.dumps(analysis.to_dict(), allow_nan=False)) == {
        "symbol": "AAPL",
        "as_of": "2008-10-10T20:00:00Z",
        "price": "13.8300",
        "overall": {
            "signal": "sell",
            "score": -0.5432,
            "confidence": 0.25,
            "conviction": 0.0,
            "coverage": 0.5,
            "regime": "bear_volatile",
            "regime_reason": None,
            "weights": {"technical": 1.0},
        },
        "engines": {
            "technical": {
                "engine": "technical",
                "status": "ok",
                "reason": None,
                "signal": "sell",
                "score": -0.5432,
                "confidence": 0.5,
                "metrics": {"sharpe": -0.71234568, "returns": 252, "sortino": None, "last_session": "2008-10-10"},
                "as_of": "2008-10-10T20:00:00Z",
                "duration_ms": 1.235,
            },
            "sentiment": nothing
            | {
                "engine": "sentiment",
                "status": "unavailable",
                "reason": "the price provider has no news",
                "duration_ms": 0.01,
            },
            "signal": nothing | {"engine": "signal", "status": "failed", "reason": "timeout", "duration_ms": 3000.0},
        },
    }


def test_the_signal_is_read_from_the_score_that_is_shown() -> None:
    """A score shown as 0.3 is a buy, even if it was 0.29996 before rounding."""
    result = EngineResult.of("technical", Verdict(0.29996, 0.5), AS_OF, 1.0)
    assert (result.score, result.signal) == (0.3, Signal.BUY)


def test_no_minus_zero_is_shown() -> None:
    result = EngineResult.of("technical", Verdict(-0.00001, 0.5), AS_OF, 1.0)
    assert str(result.score) == "0.0"

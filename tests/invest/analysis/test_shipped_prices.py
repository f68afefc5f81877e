"""The whole analysis on the shipped prices of AAPL in the crash of October 2008."""

from __future__ import annotations

import csv
import gzip
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files

import numpy as np
import pytest

from investiq.foundation.config.schema import AnalysisConfig
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import EngineStatus, Part, Regime, Signal
from investiq.invest.analysis.engine import Engine
from investiq.invest.analysis.fundamental import FundamentalEngine
from investiq.invest.analysis.orchestrator import Orchestrator
from investiq.invest.analysis.quantitative import QuantitativeEngine
from investiq.invest.analysis.result import Analysis
from investiq.invest.analysis.sentiment import SentimentEngine
from investiq.invest.analysis.technical import TechnicalEngine
from investiq.invest.market.calendar import xnys
from investiq.invest.market.market import Market
from investiq.invest.market.providers.replay import ReplayProvider
from investiq.invest.market.types import Symbol
from tests.invest.analysis.made_markets import StoppedClock

FRIDAY = date(2008, 10, 10)


async def analyze(symbol: str, at: datetime) -> Analysis:
    market = Market(ReplayProvider(), StoppedClock(at), xnys())
    engines: list[Engine] = [
        TechnicalEngine(),
        QuantitativeEngine(),
        SentimentEngine(market.headlines),
        FundamentalEngine(market.fundamentals),
    ]
    weights = {str(name): weight for name, weight in AnalysisConfig().weights.items()}
    return await Orchestrator(market, engines, weights, 30.0, Metrics(Part.API)).analyze(Symbol(symbol))


async def test_the_crash_is_a_sale_on_half_of_the_evidence() -> None:
    analysis = await analyze("AAPL", xnys().session(FRIDAY).close)
    assert analysis.overall.signal in (Signal.SELL, Signal.STRONG_SELL)
    assert analysis.overall.regime is Regime.BEAR_VOLATILE
    assert analysis.overall.coverage == 0.5
    assert analysis.overall.weights == {"technical": pytest.approx(0.6), "quantitative": pytest.approx(0.4)}
    assert analysis.engines["sentiment"].reason == "the price provider has no news"
    assert analysis.engines["fundamental"].reason == "the price provider has no fundamentals"


async def test_the_numbers_are_those_of_the_raw_file() -> None:
    """Computed here from adjusted closes straight out of the file, without our provider or the libraries."""
    path = files("investiq.invest.market").joinpath("data", "stocks.csv.gz")
    with path.open("rb") as packed, gzip.open(packed, "rt") as text:
        rows = [row for row in csv.DictReader(text) if row["Ticker"] == "AAPL" and row["Date"] <= FRIDAY.isoformat()]
    close = np.array([float(row["Adj Close"]) for row in rows])[-253:]
    returns = close[1:] / close[:-1] - 1
    metrics = (await analyze("AAPL", xnys().session(FRIDAY).close)).engines["quantitative"].metrics
    assert metrics["first_session"] == rows[-253]["Date"]
    assert metrics["period_return"] == pytest.approx(close[-1] / close[0] - 1, rel=1e-4)
    assert metrics["annual_volatility"] == pytest.approx(returns.std(ddof=1) * 252**0.5, rel=1e-4)
    assert metrics["max_drawdown"] == pytest.approx((close / np.maximum.accumulate(close) - 1).min(), rel=1e-4)
    assert metrics["daily_cvar_95"] == pytest.approx(np.sort(returns)[:13].mean(), rel=1e-3)


async def test_during_the_session_the_price_is_todays_and_the_indicators_are_of_yesterday() -> None:
    session = xnys().session(FRIDAY)
    analysis = await analyze("AAPL", session.open)
    opened = next(bar.open for bar in ReplayProvider().bars(Symbol("AAPL")) if bar.session == FRIDAY)
    assert analysis.price == opened > Decimal(0)
    assert analysis.as_of == session.open
    assert analysis.engines["technical"].metrics["last_session"] == "2008-10-09"


async def test_a_share_listed_last_week_is_said_to_have_too_few_sessions() -> None:
    analysis = await analyze("FB", xnys().session(date(2012, 5, 25)).close)
    assert analysis.engines["technical"].status is EngineStatus.UNAVAILABLE
    assert analysis.engines["technical"].reason == "needs 200 completed sessions and there are 6"
    assert analysis.engines["quantitative"].reason == "needs 64 completed sessions and there are 6"
    assert (analysis.overall.signal, analysis.overall.coverage) == (None, 0)
    assert analysis.price is not None

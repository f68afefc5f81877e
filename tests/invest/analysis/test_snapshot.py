"""One look at the market: coherent, complete, and never ahead of market time."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from investiq.invest.analysis.snapshot import HISTORY_SESSIONS, Snapshot
from investiq.invest.analysis.universe import universes_of
from investiq.invest.market.calendar import xnys
from investiq.invest.market.market import Market
from investiq.invest.market.provider import UnknownSymbol
from investiq.invest.market.types import Symbol
from tests.invest.analysis.made_markets import (
    SYMBOL,
    MadeProvider,
    StoppedClock,
    made_bars,
    market_at_close,
    random_walk,
)


def test_the_running_session_is_not_among_the_bars_and_its_price_is_the_quote() -> None:
    bars = made_bars(random_walk(10, seed=1))
    market, clock = market_at_close({SYMBOL: bars}, session=bars[7].session)
    clock.at = xnys().session(bars[7].session).open + timedelta(minutes=1)
    snapshot = Snapshot.take(market, SYMBOL)
    assert list(snapshot.bars) == bars[:7]
    assert snapshot.quote is not None
    assert snapshot.quote.price == bars[7].open


def test_nothing_in_it_is_later_than_its_time() -> None:
    bars = made_bars(random_walk(30, seed=1))
    market, clock = market_at_close({SYMBOL: bars, Symbol("OTHER"): bars}, session=bars[20].session)
    for _ in range(20):
        clock.at += timedelta(hours=5)
        snapshot = Snapshot.take(market, SYMBOL)
        seen = [*snapshot.bars.sessions.tolist(), *snapshot.universe().sessions.tolist()]
        assert max(xnys().session(day).close for day in seen) <= snapshot.as_of
        assert snapshot.quote is not None
        assert snapshot.quote.at <= snapshot.as_of


class RunningClock(StoppedClock):
    """Two hours pass at each look."""

    def now(self) -> datetime:
        self.at += timedelta(hours=2)
        return self.at


def test_its_time_is_read_last_while_market_time_runs_on() -> None:
    bars = made_bars(random_walk(30, seed=1))
    clock = RunningClock(xnys().session(bars[10].session).close)
    snapshot = Snapshot.take(Market(MadeProvider({SYMBOL: bars}), clock, xnys()), SYMBOL)
    assert snapshot.as_of == clock.at
    assert snapshot.quote is not None
    assert snapshot.quote.at <= snapshot.as_of


def test_the_universe_ends_with_the_last_session_of_the_symbol() -> None:
    bars = made_bars(random_walk(300, seed=1))
    market, _ = market_at_close({SYMBOL: bars[:-3], Symbol("OTHER"): bars})
    universe = Snapshot.take(market, SYMBOL).universe()
    closes = np.array([float(bar.close) for bar in bars[-256:-3]])
    assert universe.sessions.tolist() == [bar.session for bar in bars[-256:-3]]
    assert universe.returns.tolist() == (closes[1:] / closes[:-1] - 1).tolist()


def test_the_arrays_are_the_bars_and_cannot_be_changed_by_an_engine() -> None:
    bars = made_bars(random_walk(600, seed=1))
    market, _ = market_at_close({SYMBOL: bars})
    snapshot = Snapshot.take(market, SYMBOL)
    assert len(snapshot.prices) == len(snapshot.bars) == HISTORY_SESSIONS
    assert snapshot.prices.high.tolist() == [float(bar.high) for bar in bars[-HISTORY_SESSIONS:]]
    assert snapshot.prices.volume.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        snapshot.prices.close[0] = 0


def test_a_symbol_that_nobody_knows_is_an_error() -> None:
    market, _ = market_at_close({SYMBOL: made_bars([1, 2, 3])})
    with pytest.raises(UnknownSymbol):
        Snapshot.take(market, Symbol("NOPE"))


def test_a_symbol_in_its_first_session_has_no_bars_yet() -> None:
    bars = made_bars([10, 11])
    market, clock = market_at_close({SYMBOL: bars})
    clock.at = xnys().session(bars[0].session).open
    snapshot = Snapshot.take(market, SYMBOL)
    assert list(snapshot.bars) == []
    assert len(snapshot.prices) == 0
    assert snapshot.quote is not None


def test_a_second_analysis_of_a_session_asks_for_no_other_symbol() -> None:
    bars = made_bars(random_walk(300, seed=1))
    provider = MadeProvider({SYMBOL: bars} | {Symbol(f"S{number}"): bars for number in range(20)})
    market = Market(provider, StoppedClock(xnys().session(bars[-1].session).close), xnys())
    universes = universes_of(market)
    first = Snapshot.take(market, SYMBOL, universes).universe()
    provider.asked.clear()
    second = Snapshot.take(market, SYMBOL, universes)
    assert second.universe() is first
    assert set(provider.asked) == {SYMBOL}

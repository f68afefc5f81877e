"""The one look at the market on which a whole analysis rests.

It is taken once, before any engine starts, so that all engines see the same bars as of the same market time. Engines
get the snapshot and never the market: what is not in it cannot be peeked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial

from investiq.invest.analysis.universe import Universe, universes_of
from investiq.invest.market.history import Floats, History, PriceSeries
from investiq.invest.market.market import Market
from investiq.invest.market.session_cache import SessionCache
from investiq.invest.market.types import Quote, Symbol

__all__ = ["HISTORY_SESSIONS", "Floats", "PriceSeries", "Snapshot"]

HISTORY_SESSIONS = 504
"""Completed sessions in a snapshot, two years of 252: twice the longest window that an engine looks at, so that the
recursive averages of TA-Lib (RSI, MACD, ADX) have forgotten where the series begins."""


@dataclass(frozen=True)
class Snapshot:
    """What the market showed of `symbol` at `as_of`.

    Attributes:
        version: of the prices; bars of one version and one last session are the same.
        bars: completed sessions, oldest first, at most `HISTORY_SESSIONS`; the running session is not among them.
        quote: the latest real price, which may be of the running session; None when there is none yet.
        universe: the universe up to the session of the last bar; only where there are bars.
        universe_symbols: how many symbols there are, this one included.
    """

    symbol: Symbol
    as_of: datetime
    version: int
    bars: History
    quote: Quote | None
    universe: Callable[[], Universe]
    universe_symbols: int

    @cached_property
    def prices(self) -> PriceSeries:
        """The bars as arrays of floats."""
        return self.bars.floats()

    def at(self, now: datetime) -> Snapshot:
        """The same at another time in the same step of the market, without the arrays that were made of the bars."""
        return Snapshot(self.symbol, now, self.version, self.bars, self.quote, self.universe, self.universe_symbols)

    @classmethod
    def take(cls, market: Market, symbol: Symbol, universes: SessionCache[Universe] | None = None) -> Snapshot:
        """Look at `market` once.

        The time is read last, so that nothing in the snapshot is later than `as_of`, even while market time runs on.

        Args:
            universes: those of `market`; without them they are made for this snapshot alone.

        Raises:
            UnknownSymbol: the market has no such symbol.
        """
        version = market.version()  # before the bars: prices that change meanwhile count as the old ones, not as new
        bars = market.bars(symbol, limit=HISTORY_SESSIONS)
        # Made when it is asked for: what it holds follows from the last bar, however late that is.
        universe = partial((universes or universes_of(market)).at, bars.session(-1)) if len(bars) else _no_universe
        symbols, quote = len(market.symbols()), market.quote(symbol)
        return cls(symbol, market.now(), version, bars, quote, universe, symbols)


def _no_universe() -> Universe:
    raise ValueError("there is no universe before the first bar")

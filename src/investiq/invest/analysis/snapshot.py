"""The one look at the market on which a whole analysis rests.

It is taken once, before any engine starts, so that all engines see the same bars as of the same market time. Engines
get the snapshot and never the market: what is not in it cannot be peeked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from investiq.invest.market.market import Market
from investiq.invest.market.types import Bar, Quote, Symbol

__all__ = ["HISTORY_SESSIONS", "Floats", "PriceSeries", "Snapshot"]

Floats = npt.NDArray[np.float64]

HISTORY_SESSIONS = 504
"""Completed sessions in a snapshot, two years of 252: twice the longest window that an engine looks at, so that the
recursive averages of TA-Lib (RSI, MACD, ADX) have forgotten where the series begins."""

UNIVERSE_SESSIONS = 253
"""Completed sessions of every other symbol: 252 returns, for the equal-weight universe."""


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Bars as columns: float64 arrays of one length, oldest first, read-only because engines share them."""

    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @classmethod
    def of(cls, bars: Sequence[Bar]) -> PriceSeries:
        """The columns of `bars`."""
        return cls(
            _column([bar.high for bar in bars]),
            _column([bar.low for bar in bars]),
            _column([bar.close for bar in bars]),
            _column([bar.volume for bar in bars]),
        )

    def __len__(self) -> int:
        return len(self.close)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the market showed of `symbol` at `as_of`.

    Attributes:
        bars: completed sessions, oldest first, at most `HISTORY_SESSIONS`; the running session is not among them.
        prices: the same bars as arrays.
        quote: the latest real price, which may be of the running session; None when there is none yet.
        universe: the latest completed bars of every symbol, this one included, up to the session of the last bar.
    """

    symbol: Symbol
    as_of: datetime
    bars: tuple[Bar, ...]
    prices: PriceSeries
    quote: Quote | None
    universe: Mapping[Symbol, tuple[Bar, ...]]

    @classmethod
    def take(cls, market: Market, symbol: Symbol) -> Snapshot:
        """Look at `market` once.

        The time is read last, so that nothing in the snapshot is later than `as_of`, even while market time runs on.

        Raises:
            UnknownSymbol: the market has no such symbol.
        """
        bars = tuple(market.bars(symbol, limit=HISTORY_SESSIONS))
        universe = _universe(market, bars[-1].session) if bars else {}
        quote = market.quote(symbol)
        return cls(symbol, market.now(), bars, PriceSeries.of(bars), quote, universe)


def _universe(market: Market, end: date) -> dict[Symbol, tuple[Bar, ...]]:
    return {each: tuple(market.bars(each, limit=UNIVERSE_SESSIONS, end=end)) for each in market.symbols()}


def _column(values: Sequence[object]) -> Floats:
    column = np.array(values, dtype=np.float64)
    column.flags.writeable = False
    return column

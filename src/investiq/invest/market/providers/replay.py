"""The shipped history of five US stocks, 2000 to 2013 (see data/CREDIT.md for where it is from).

What is read is `data/stocks.npz`, the columns that `data/stocks.csv.gz` makes: to make them takes a fifth of a second,
which every process would pay. A test compares the two. After a change of the source, or of how it is adjusted:

    python -m tests.invest.market.shipped_columns
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.history import History
from investiq.invest.market.provider import UnknownSymbol, nearest_symbols
from investiq.invest.market.types import Fundamentals, Headline, Symbol

__all__ = ["COLUMNS", "KEPT", "ReplayProvider"]

COLUMNS = files("investiq.invest.market") / "data" / "stocks.npz"
KEPT = ("symbols", "counts", "sessions", "open", "high", "low", "close", "volume")
"""Its arrays: the symbols, how many bars each has, and the columns of all bars, symbol after symbol."""


class ReplayProvider:
    """Real daily prices of AAPL, FB, GOOG, IBM and MSFT. It has no news and no fundamentals, and makes none up."""

    name = "replay"

    def __init__(self) -> None:
        self._bars = _shipped_bars()

    def symbols(self) -> Sequence[Symbol]:
        return tuple(self._bars)

    def refused(self) -> Mapping[Symbol, Sequence[str]]:
        return {}

    def unused_columns(self) -> Sequence[UnusedColumn]:
        return ()

    def refresh(self) -> None:
        """Nothing of it changes."""

    def rejected(self) -> Mapping[str, Sequence[str]]:
        return {}

    def version(self) -> int:
        return 0

    def span(self, symbol: Symbol) -> tuple[date, date]:
        bars = self.bars(symbol)
        return bars.session(0), bars.session(-1)

    def bars(self, symbol: Symbol) -> History:
        try:
            return self._bars[symbol]
        except KeyError:
            raise UnknownSymbol(symbol, nearest_symbols(symbol, self._bars)) from None

    def headlines(self, symbol: Symbol) -> Sequence[Headline] | None:
        return None

    def fundamentals(self, symbol: Symbol) -> Sequence[Fundamentals] | None:
        return None


@cache
def _shipped_bars() -> Mapping[Symbol, History]:
    """Every bar that is shipped. Read once for the process, in some milliseconds."""
    with COLUMNS.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        names, counts, *columns = (kept[name] for name in KEPT)
    ends = np.cumsum(counts)
    return {
        Symbol(str(name)): _history([column[end - count : end] for column in columns])
        for name, count, end in zip(names, counts, ends, strict=True)
    }


def _history(columns: Sequence[NDArray[Any]]) -> History:
    sessions, open_, high, low, close, volume = columns
    open_, high, low, close = (column.astype(np.uint64) for column in (open_, high, low, close))
    return History(sessions.astype("datetime64[D]"), open_, high, low, close, volume)

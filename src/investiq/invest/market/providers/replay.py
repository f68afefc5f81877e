"""The shipped history of five US stocks, 2000 to 2013 (see data/CREDIT.md for where it is from)."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import groupby
from operator import itemgetter

from investiq.invest.market.adjustment import adjusted_bar
from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.history import History
from investiq.invest.market.provider import UnknownSymbol, nearest_symbols
from investiq.invest.market.types import Bar, Fundamentals, Headline, Symbol

__all__ = ["ReplayProvider"]


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
    """Every bar of the file, which is ordered by symbol, then session. Read once for the process, in about 0.1 s."""
    path = files("investiq.invest.market").joinpath("data", "stocks.csv.gz")
    with path.open("rb") as packed, gzip.open(packed, "rt", encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        next(rows)
        return {Symbol(symbol): History.of(tuple(_bars(group))) for symbol, group in groupby(rows, key=itemgetter(0))}


def _bars(rows: Iterator[list[str]]) -> Iterator[Bar]:
    for _symbol, day, *numbers in rows:
        open_, high, low, close, volume, adjusted = map(Decimal, numbers)
        yield adjusted_bar(
            date.fromisoformat(day),
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
            adjusted_close=adjusted,
        )

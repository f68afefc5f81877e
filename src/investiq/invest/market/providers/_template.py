"""A provider to copy: prices from some source of rows. Nothing selects this one.

1. Copy this file to `<name>.py` and `Source` with it: what the source can be asked, in its own words.
2. Read everything when made, or keep what was read: `bars` is called for each analysis, and a provider that waits for a
   network on each call makes every engine late.
3. Let `check_bars` judge the rows, as below: a symbol with any bad row is refused as a whole and named in `refused`,
   since a gap where a bad row was would be an invented price history.
4. Add a case to `tests/invest/market/test_provider_contract.py`.
5. Name it in `MarketConfig.provider` and make it in `open_provider`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Protocol

from investiq.invest.market.bar_checks import check_bars
from investiq.invest.market.calendar import TradingCalendar
from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.history import History
from investiq.invest.market.provider import BadMarketData, UnknownSymbol, nearest_symbols
from investiq.invest.market.tables import Row, Table
from investiq.invest.market.types import Fundamentals, Headline, Symbol, parse_symbol

__all__ = ["Source", "TemplateProvider"]

_COLUMNS = ("session", "open", "high", "low", "close", "volume")


class Source(Protocol):
    """Where the rows come from; cells as text, so that no price passes through a float."""

    def symbols(self) -> Iterable[str]:
        """What it has, in its own spelling."""

    def rows(self, symbol: str) -> Iterable[Sequence[str]]:
        """Session, open, high, low, close, volume; ascending."""


class TemplateProvider:
    """The whole history of a source, read once.

    Raises:
        BadMarketData: no symbol of it can be used.
    """

    name = "template"

    def __init__(self, source: Source, calendar: TradingCalendar) -> None:
        checked = {
            parse_symbol(symbol): check_bars(_table(symbol, source.rows(symbol)), calendar)
            for symbol in sorted(source.symbols())
        }
        self._bars = {symbol: found.bars for symbol, found in checked.items() if not found.problems}
        self._refused = {symbol: tuple(found.problems) for symbol, found in checked.items() if found.problems}
        if not self._bars:
            raise BadMarketData("the source has no symbol whose history is whole: see what it says of each")

    def symbols(self) -> Sequence[Symbol]:
        return tuple(self._bars)

    def refused(self) -> Mapping[Symbol, Sequence[str]]:
        return self._refused

    def unused_columns(self) -> Sequence[UnusedColumn]:
        return ()

    def refresh(self) -> None:
        """Nothing of it changes."""

    def rejected(self) -> Mapping[str, Sequence[str]]:
        return {}

    def version(self) -> int:
        return 0  # the source is read once

    def span(self, symbol: Symbol) -> tuple[date, date]:
        bars = self.bars(symbol)
        return bars.session(0), bars.session(-1)

    def bars(self, symbol: Symbol) -> History:
        try:
            return self._bars[symbol]
        except KeyError:
            raise UnknownSymbol(symbol, nearest_symbols(symbol, self._bars)) from None

    def headlines(self, symbol: Symbol) -> Sequence[Headline] | None:
        return None  # not an empty list: that would say that it looked and found none

    def fundamentals(self, symbol: Symbol) -> Sequence[Fundamentals] | None:
        return None


def _table(symbol: str, rows: Iterable[Sequence[str]]) -> Table:
    return Table(symbol, _COLUMNS, (Row(f"{symbol}:{number}", cells) for number, cells in enumerate(rows, start=1)))

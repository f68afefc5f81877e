"""Prices of the user's own: a folder with one CSV or Parquet file for each symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import structlog

from investiq.foundation.foreign_text import visible
from investiq.invest.market.bar_checks import CheckedBars, check_bars
from investiq.invest.market.calendar import TradingCalendar
from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.history import History
from investiq.invest.market.file_bounds import MOST_BARS, MOST_FILES
from investiq.invest.market.provider import BadMarketData, UnknownSymbol, nearest_symbols
from investiq.invest.market.publications import FUNDAMENTALS_FILE, NEWS_FILE, read_fundamentals, read_headlines
from investiq.invest.market.table_files import read_table
from investiq.invest.market.tables import UnreadableTable
from investiq.invest.market.types import Fundamentals, Headline, MalformedSymbol, Symbol, parse_symbol

__all__ = ["FilesProvider"]

_log = structlog.get_logger(__name__)

_NAMED = 20
_SUFFIXES = (".csv", ".parquet")
_FORMAT = """Expected one file for each symbol, named SYMBOL.csv or SYMBOL.parquet, such as AAPL.csv with:
session,open,high,low,close,volume
2008-01-02,199.27,200.26,192.55,194.84,38542100
2008-01-03,195.41,197.39,192.69,194.93,30073800
Sessions ascend; adj_close is an optional column that scales the prices. news.csv (published_at,symbol,headline) and
fundamentals.csv (as_of,symbol,pe_ratio,...) beside them are optional."""


class FilesProvider:
    """Reads the whole folder once, when made; a restart reads it again.

    A symbol with any bad row is refused as a whole (a gap where a bad row was would be an invented price history), and
    the other symbols are served.

    Raises:
        BadMarketData: the folder is missing or without a usable symbol; or news.csv or fundamentals.csv are
            not readable.
    """

    name = "files"

    def __init__(self, folder: Path, calendar: TradingCalendar) -> None:
        checked = {symbol: _read(paths, calendar) for symbol, paths in _files_by_symbol(folder).items()}
        self._bars = {symbol: found.bars for symbol, found in checked.items() if not found.problems}
        self._refused = {symbol: tuple(found.problems) for symbol, found in checked.items() if found.problems}
        if not self._bars:
            reasons = [reason for problems in self._refused.values() for reason in problems]
            raise BadMarketData("\n  ".join([f"every file in {folder} was refused:", *reasons]) + f"\n{_FORMAT}")
        headlines, fundamentals = read_headlines(folder), read_fundamentals(folder)
        self._headlines = headlines.by_symbol if headlines else None
        self._fundamentals = fundamentals.by_symbol if fundamentals else None
        unused = [column for found in checked.values() for column in found.unused]
        self._unused = (*unused, *(fundamentals.unused if fundamentals else ()))
        self._tell(folder)

    def symbols(self) -> Sequence[Symbol]:
        return tuple(self._bars)

    def refused(self) -> Mapping[Symbol, Sequence[str]]:
        return self._refused

    def unused_columns(self) -> Sequence[UnusedColumn]:
        return self._unused

    def version(self) -> int:
        return 0

    def span(self, symbol: Symbol) -> tuple[date, date]:
        bars = self.bars(symbol)
        return bars.session(0), bars.session(-1)

    def bars(self, symbol: Symbol) -> History:
        self._require(symbol)
        return self._bars[symbol]

    def headlines(self, symbol: Symbol) -> Sequence[Headline] | None:
        self._require(symbol)
        return None if self._headlines is None else self._headlines.get(symbol, ())

    def fundamentals(self, symbol: Symbol) -> Sequence[Fundamentals] | None:
        self._require(symbol)
        return None if self._fundamentals is None else self._fundamentals.get(symbol, ())

    def _tell(self, folder: Path) -> None:
        _log.info("files_read", folder=str(folder), served=len(self._bars), refused=sorted(self._refused))
        strangers = {*(self._headlines or ()), *(self._fundamentals or ())} - self._bars.keys()
        if strangers:
            _log.warning("news_or_figures_without_prices", symbols=sorted(strangers)[:_NAMED])
        for name, like in sorted({(column.name, column.like) for column in self._unused if column.like}):
            files = [column.file for column in self._unused if column.name == name]
            _log.warning("column_not_used", column=name, like=like, files=files[:_NAMED])

    def _require(self, symbol: Symbol) -> None:
        if symbol not in self._bars:
            raise UnknownSymbol(symbol, nearest_symbols(symbol, self._bars))


def _files_by_symbol(folder: Path) -> Mapping[Symbol, Sequence[Path]]:
    """The files of each symbol, ascending by symbol. A name that is no symbol stands for itself, to be refused."""
    if not folder.is_dir():
        raise BadMarketData(f"market.folder {folder} is not a folder (looked at {folder.resolve()}). {_FORMAT}")
    paths = _price_files(folder)
    if not paths:
        raise BadMarketData(f"market.folder {folder} holds no .csv or .parquet file of prices. {_FORMAT}")
    if len(paths) > MOST_FILES:
        raise BadMarketData(f"market.folder {folder} holds {len(paths)} files of prices: expected at most {MOST_FILES}")
    found: dict[Symbol, list[Path]] = {}
    for path in paths:
        found.setdefault(_symbol_of(path), []).append(path)
    return dict(sorted(found.items()))


def _price_files(folder: Path) -> Sequence[Path]:
    try:
        names = sorted(folder.iterdir())
    except OSError as error:
        raise BadMarketData(f"market.folder {folder} cannot be read: {error.strerror}") from error
    return [
        path for path in names if path.suffix.lower() in _SUFFIXES and path.name not in (NEWS_FILE, FUNDAMENTALS_FILE)
    ]


def _symbol_of(path: Path) -> Symbol:
    try:
        return parse_symbol(path.stem)
    except MalformedSymbol:
        return Symbol(visible(path.stem))


def _read(paths: Sequence[Path], calendar: TradingCalendar) -> CheckedBars:
    path = paths[0]
    if len(paths) > 1:
        return CheckedBars(History.of(()), [f"several files for one symbol: {', '.join(visible(path.name) for path in paths)}"])
    try:
        parse_symbol(path.stem)
        return check_bars(read_table(path, MOST_BARS), calendar)
    except MalformedSymbol as error:
        return CheckedBars(History.of(()), [f"{visible(path.name)}: the file's name is not a symbol: {error}"])
    except UnreadableTable as error:
        return CheckedBars(History.of(()), [str(error)])

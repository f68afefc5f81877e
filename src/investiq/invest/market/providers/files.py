"""Prices of the user's own: a folder with one CSV or Parquet file for each symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import structlog

from investiq.foundation.foreign_text import visible
from investiq.invest.market.calendar import TradingCalendar
from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.file_bounds import MOST_FILES
from investiq.invest.market.history import History
from investiq.invest.market.price_files import symbol_of
from investiq.invest.market.price_folder import FolderReader, Progress, open_cache
from investiq.invest.market.provider import BadMarketData, UnknownSymbol, nearest_symbols
from investiq.invest.market.publications import FUNDAMENTALS_FILE, NEWS_FILE, read_fundamentals, read_headlines
from investiq.invest.market.types import Fundamentals, Headline, Symbol

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
    """The files of a folder, as they were when it was made.

    A symbol with any bad row is refused as a whole (a gap where a bad row was would be an invented price history), and
    the other symbols are served.

    Args:
        cache: folder in which what was read is kept for the next start; None to read every file.
        progress: called with the number of files read so far, and of those to be read.

    Raises:
        BadMarketData: the folder is missing or without a usable symbol; or news.csv or fundamentals.csv are
            not readable.
    """

    name = "files"

    def __init__(
        self, folder: Path, calendar: TradingCalendar, cache: Path | None = None, progress: Progress | None = None
    ) -> None:
        by_symbol = _files_by_symbol(folder)
        single = {symbol: paths[0] for symbol, paths in by_symbol.items() if len(paths) == 1}
        kept = open_cache(cache, folder) if cache is not None else None
        files = FolderReader(calendar, kept, progress).read(list(single.values()))
        found = {symbol: files[path.name] for symbol, path in single.items()}
        refused = {symbol: _several(paths) for symbol, paths in by_symbol.items() if symbol not in found}
        refused |= {symbol: file.entry.problems for symbol, file in found.items() if file.entry.problems}
        self._refused = dict(sorted(refused.items()))
        self._files = {symbol: file for symbol, file in found.items() if symbol not in refused}
        if not self._files:
            reasons = [reason for problems in self._refused.values() for reason in problems]
            raise BadMarketData("\n  ".join([f"every file in {folder} was refused:", *reasons]) + f"\n{_FORMAT}")
        headlines, fundamentals = read_headlines(folder), read_fundamentals(folder)
        self._headlines = headlines.by_symbol if headlines else None
        self._fundamentals = fundamentals.by_symbol if fundamentals else None
        unused = [column for file in found.values() for column in file.entry.unused]
        self._unused = (*unused, *(fundamentals.unused if fundamentals else ()))
        self._tell(folder)

    def symbols(self) -> Sequence[Symbol]:
        return tuple(self._files)

    def refused(self) -> Mapping[Symbol, Sequence[str]]:
        return self._refused

    def unused_columns(self) -> Sequence[UnusedColumn]:
        return self._unused

    def version(self) -> int:
        return 0

    def span(self, symbol: Symbol) -> tuple[date, date]:
        self._require(symbol)
        file = self._files[symbol]
        if block := file.entry.block:
            return block.first, block.last
        bars = file.history()
        return bars.session(0), bars.session(-1)

    def bars(self, symbol: Symbol) -> History:
        self._require(symbol)
        return self._files[symbol].history()

    def headlines(self, symbol: Symbol) -> Sequence[Headline] | None:
        self._require(symbol)
        return None if self._headlines is None else self._headlines.get(symbol, ())

    def fundamentals(self, symbol: Symbol) -> Sequence[Fundamentals] | None:
        self._require(symbol)
        return None if self._fundamentals is None else self._fundamentals.get(symbol, ())

    def _tell(self, folder: Path) -> None:
        _log.info("files_read", folder=str(folder), served=len(self._files), refused=sorted(self._refused))
        strangers = {*(self._headlines or ()), *(self._fundamentals or ())} - self._files.keys()
        if strangers:
            _log.warning("news_or_figures_without_prices", symbols=sorted(strangers)[:_NAMED])
        for name, like in sorted({(column.name, column.like) for column in self._unused if column.like}):
            files = [column.file for column in self._unused if column.name == name]
            _log.warning("column_not_used", column=name, like=like, files=files[:_NAMED])

    def _require(self, symbol: Symbol) -> None:
        if symbol not in self._files:
            raise UnknownSymbol(symbol, nearest_symbols(symbol, self._files))


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
        found.setdefault(symbol_of(path), []).append(path)
    return dict(sorted(found.items()))


def _price_files(folder: Path) -> Sequence[Path]:
    try:
        names = sorted(folder.iterdir())
    except OSError as error:
        raise BadMarketData(f"market.folder {folder} cannot be read: {error.strerror}") from error
    return [
        path for path in names if path.suffix.lower() in _SUFFIXES and path.name not in (NEWS_FILE, FUNDAMENTALS_FILE)
    ]


def _several(paths: Sequence[Path]) -> tuple[str, ...]:
    return (f"several files for one symbol: {', '.join(visible(path.name) for path in paths)}",)

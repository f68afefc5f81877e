"""Prices of the user's own: a folder with one CSV or Parquet file for each symbol."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from operator import attrgetter
from pathlib import Path

import structlog

from investiq.invest.market.calendar import TradingCalendar
from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.file_bounds import MOST_FILES
from investiq.invest.market.folder_watch import FolderWatch
from investiq.invest.market.history import History
from investiq.invest.market.price_cache import Identity, KeptColumns
from investiq.invest.market.price_folder import FolderReader, ReadFile, identity_of, open_cache
from investiq.invest.market.provider import BadMarketData, Progress, UnknownSymbol, nearest_symbols
from investiq.invest.market.publications import (
    FUNDAMENTALS_FILE,
    NEWS_FILE,
    Publications,
    Published,
    read_fundamentals,
    read_headlines,
)
from investiq.invest.market.served_files import ServedFiles
from investiq.invest.market.types import Fundamentals, Headline, Symbol

__all__ = ["FilesProvider"]

_log = structlog.get_logger(__name__)

_NAMED = 20
_SUFFIXES = (".csv", ".parquet")
_PUBLICATIONS = {NEWS_FILE, FUNDAMENTALS_FILE}
_FORMAT = """Expected one file for each symbol, named SYMBOL.csv or SYMBOL.parquet, such as AAPL.csv with:
session,open,high,low,close,volume
2008-01-02,199.27,200.26,192.55,194.84,38542100
2008-01-03,195.41,197.39,192.69,194.93,30073800
Sessions ascend; adj_close is an optional column that scales the prices. news.csv (published_at,symbol,headline) and
fundamentals.csv (as_of,symbol,pe_ratio,...) beside them are optional."""


class FilesProvider:
    """The files of a folder.

    A symbol with any bad row is refused as a whole (a gap where a bad row was would be an invented price history), and
    the other symbols are served. `refresh` follows the folder; it is for one thread, the rest for any.

    Args:
        cache: folder in which what was read is kept for the next start; None to read every file.
        progress: called with the number of files read so far, and of those to be read.
        keep: False to leave the cache as it is.

    Raises:
        BadMarketData: the folder is missing or without a usable symbol; or news.csv or fundamentals.csv are
            not readable.
    """

    name = "files"

    def __init__(
        self,
        folder: Path,
        calendar: TradingCalendar,
        cache: Path | None = None,
        progress: Progress | None = None,
        *,
        keep: bool = True,
    ) -> None:
        self._folder = folder
        kept = open_cache(cache, folder, writable=keep) if cache is not None else None
        self._reader = FolderReader(calendar, kept, progress)
        paths = _checked_files(folder)
        self._watch = FolderWatch()
        self._known = self._looks(paths)  # looked at before they are read: a change during that is met later
        self._files = ServedFiles.read(paths, self._reader)
        if not self._files.served:
            reasons = [reason for problems in self._files.refused.values() for reason in problems]
            raise BadMarketData("\n  ".join([f"every file in {folder} was refused:", *reasons]) + f"\n{_FORMAT}")
        self._headlines, self._fundamentals = read_headlines(folder), read_fundamentals(folder)
        self._bad_publications: dict[str, Sequence[str]] = {}
        self._version = 0
        self._tell()

    def symbols(self) -> Sequence[Symbol]:
        return tuple(self._files.served)

    def refused(self) -> Mapping[Symbol, Sequence[str]]:
        return self._files.refused

    def rejected(self) -> Mapping[str, Sequence[str]]:
        return {**{str(symbol): reasons for symbol, reasons in self._files.rejected.items()}, **self._bad_publications}

    def unused_columns(self) -> Sequence[UnusedColumn]:
        return (*self._files.unused, *(self._fundamentals.unused if self._fundamentals else ()))

    def version(self) -> int:
        return self._version

    def span(self, symbol: Symbol) -> tuple[date, date]:
        return self._file(symbol).span()

    def bars(self, symbol: Symbol) -> History:
        return self._file(symbol).history()

    def place(self, symbol: Symbol) -> KeptColumns | None:
        """Where the bars are kept, for another process to read; None where they are in the memory of this one alone.

        Raises:
            UnknownSymbol: there is no such file.
        """
        return self._file(symbol).place

    def headlines(self, symbol: Symbol) -> Sequence[Headline] | None:
        self._file(symbol)
        return _of(self._headlines, symbol)

    def fundamentals(self, symbol: Symbol) -> Sequence[Fundamentals] | None:
        self._file(symbol)
        return _of(self._fundamentals, symbol)

    def refresh(self) -> None:
        """Take over what has changed in the folder and is at rest, as far as it is whole.

        A file that is bad, is gone, or has lost its last sessions leaves what was read before, and is named in
        `rejected`. A folder that cannot be read changes nothing.

        Raises:
            BadMarketData: the folder cannot be read, or holds no file or too many.
        """
        paths = _checked_files(self._folder)
        looks = self._looks(paths)
        changed = self._watch.changed(looks, self._known)
        if not changed:
            return
        before = self._files
        prices = changed - _PUBLICATIONS
        self._files = before.after(paths, prices, self._reader) if prices else before
        renewed = [self._renew(name) for name in sorted(changed & _PUBLICATIONS)]
        self._known = {name: look for name, look in {**self._known, **looks}.items() if name in looks}
        if any(renewed) or self._files.differs_from(before):
            self._version += 1
        self._tell_changes(before)

    def _looks(self, paths: Sequence[Path]) -> dict[str, Identity]:
        """What each file looks like from outside, those of headlines and figures included."""
        publications = [self._folder / name for name in _PUBLICATIONS if os.path.lexists(self._folder / name)]
        return {path.name: identity_of(path) for path in (*paths, *publications)}

    def _renew(self, name: str) -> bool:
        """Read the headlines or the figures again; whether they are served."""
        self._bad_publications.pop(name, None)
        try:
            if not os.path.lexists(self._folder / name):
                raise BadMarketData(f"{name} is gone; what was read of it is served until the next start")
            if name == NEWS_FILE:
                self._headlines = read_headlines(self._folder)
            else:
                self._fundamentals = read_fundamentals(self._folder)
        except BadMarketData as error:
            self._bad_publications[name] = (error.message,)
            return False
        return True

    def _tell(self) -> None:
        served = self._files.served
        _log.info("files_read", folder=str(self._folder), served=len(served), refused=sorted(self._files.refused))
        published = [found.by_symbol for found in (self._headlines, self._fundamentals) if found]
        if strangers := {symbol for found in published for symbol in found} - served.keys():
            _log.warning("news_or_figures_without_prices", symbols=sorted(strangers)[:_NAMED])
        unused = self.unused_columns()
        for name, like in sorted({(column.name, column.like) for column in unused if column.like}):
            files = [column.file for column in unused if column.name == name]
            _log.warning("column_not_used", column=name, like=like, files=files[:_NAMED])

    def _tell_changes(self, before: ServedFiles) -> None:
        renewed = self._files.renewed_since(before)
        if renewed:
            _log.info("prices_renewed", number=len(renewed), symbols=renewed[:_NAMED])
        for name, reasons in self.rejected().items():
            if before.rejected.get(Symbol(name)) != reasons:
                _log.warning("changed_file_not_served", name=name, reasons=list(reasons))

    def _file(self, symbol: Symbol) -> ReadFile:
        files = self._files.served
        if symbol not in files:
            raise UnknownSymbol(symbol, nearest_symbols(symbol, files))
        return files[symbol]


def _of(found: Publications[Published] | None, symbol: Symbol) -> Sequence[Published] | None:
    return None if found is None else found.by_symbol.get(symbol, ())


def _checked_files(folder: Path) -> Sequence[Path]:
    """The files of prices.

    Raises:
        BadMarketData: the folder is none, or has none of them or too many.
    """
    if not folder.is_dir():
        raise BadMarketData(f"market.folder {folder} is not a folder (looked at {folder.resolve()}). {_FORMAT}")
    paths = _price_files(folder)
    if not paths:
        raise BadMarketData(f"market.folder {folder} holds no .csv or .parquet file of prices. {_FORMAT}")
    if len(paths) > MOST_FILES:
        raise BadMarketData(f"market.folder {folder} holds {len(paths)} files of prices: expected at most {MOST_FILES}")
    return paths


def _price_files(folder: Path) -> Sequence[Path]:
    try:
        names = sorted(folder.iterdir(), key=attrgetter("name"))  # paths compare themselves part by part
    except OSError as error:
        raise BadMarketData(f"market.folder {folder} cannot be read: {error.strerror}") from error
    return [path for path in names if path.suffix.lower() in _SUFFIXES and path.name not in _PUBLICATIONS]

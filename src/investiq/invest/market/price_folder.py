"""A folder of price files as it stands, read where it changed and kept in a cache."""

from __future__ import annotations

import hashlib
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final
from zlib import crc32

import pyarrow
import structlog

from investiq import __version__
from investiq.foundation.foreign_text import visible
from investiq.invest.market.bar_checks import CheckedBars
from investiq.invest.market.calendar import TradingCalendar
from investiq.invest.market.history import History
from investiq.invest.market.price_cache import DamagedCache, Entry, Identity, KeptColumns, PriceCache, SegmentWriter
from investiq.invest.market.price_files import check_content, refused, unusable_name
from investiq.invest.market.provider import BadMarketData, Progress
from investiq.invest.market.session_table import TABLE
from investiq.invest.market.table_files import read_content
from investiq.invest.market.tables import UnreadableTable

__all__ = ["NO_IDENTITY", "FolderReader", "ReadFile", "identity_of", "open_cache"]

_log = structlog.get_logger(__name__)

_SETTLED_NS: Final = 2 * 10**9
"""A file that was touched so shortly before it was read may have changed again since, within one tick of its clock."""

NO_IDENTITY: Final = Identity(-1, -1, -1)
"""Of what is no file, or cannot be looked at."""

_THREADS: Final = 2
_STEPS: Final = 20
"""Of the progress."""


def _nobody(_done: int, _total: int) -> None:
    """Nobody watches."""


class ReadFile:
    """One file as it was read: its bars, or why it is refused.

    Args:
        history: gives the bars; asked once, when they are wanted.
        place: where they are kept, for another process to read.
    """

    def __init__(self, entry: Entry, history: Callable[[], History], place: KeptColumns | None = None) -> None:
        self.entry = entry
        self.place = place
        self._make = history
        self._history: History | None = None

    def history(self) -> History:
        """The bars; none of a file that is refused.

        Raises:
            BadMarketData: the cache was damaged, and the file can no longer be read either.
        """
        if self._history is None:
            self._history = self._make()
        return self._history

    def span(self) -> tuple[date, date]:
        """The first and the last session of the bars, which are not read for it where they are kept."""
        if block := self.entry.block:
            return block.first, block.last
        bars = self.history()
        return bars.session(0), bars.session(-1)


def open_cache(folder: Path, source: Path, *, writable: bool = True) -> PriceCache:
    """The cache in `folder` of the price files in `source`."""
    reader = f"{__version__}, pyarrow {pyarrow.__version__}, sessions {crc32(TABLE.read_bytes()):08x}"
    return PriceCache(folder, source, reader, writable=writable)


def identity_of(path: Path) -> Identity:
    """What the file looks like from outside; `NO_IDENTITY` of what is none."""
    try:
        found = path.stat()
    except OSError:
        return NO_IDENTITY
    return Identity.of(found) if stat.S_ISREG(found.st_mode) else NO_IDENTITY


@dataclass(frozen=True, slots=True)
class _Content:
    """What a file held: an entry without a place in the cache; `checked` is None where it still is what was kept."""

    name: str
    entry: Entry
    checked: CheckedBars | None


class FolderReader:
    """Reads price files: out of the cache what stands there as it is, the others from themselves, and keeps them.

    Args:
        cache: None to read everything from the files.
    """

    def __init__(self, calendar: TradingCalendar, cache: PriceCache | None, progress: Progress | None) -> None:
        self._calendar = calendar
        self._cache = cache
        self._progress = progress or _nobody

    def read(self, paths: Sequence[Path], *, all_of_them: bool = True) -> dict[str, ReadFile]:
        """The files by name.

        Args:
            all_of_them: whether the cache may forget every other file.
        """
        by_name = {path.name: path for path in paths}
        if self._cache is None:
            return self._in_memory(by_name)
        found = self._fresh(by_name, self._cache.load())
        if found.keys() == by_name.keys():
            return self._files(self._cache, by_name, found)
        if not self._cache.writable:
            return self._with_the_rest(by_name, self._files(self._cache, by_name, found))
        try:
            with self._cache.locked():
                found = self._renewed(self._cache, by_name, all_of_them)
            files = self._files(self._cache, by_name, found)
        except OSError as error:
            _log.warning("price_cache_not_written", error=str(error), effect="the files are read at each start")
            files = {}
        return self._with_the_rest(by_name, files)

    def _with_the_rest(self, by_name: Mapping[str, Path], files: dict[str, ReadFile]) -> dict[str, ReadFile]:
        return files | self._in_memory({name: path for name, path in by_name.items() if name not in files})

    def _renewed(self, cache: PriceCache, by_name: Mapping[str, Path], all_of_them: bool) -> dict[str, Entry]:
        """Every entry, after those that were not fresh have been read and written."""
        entries = cache.load()  # another process may have written them while this one waited
        if all_of_them:
            entries = {name: entry for name, entry in entries.items() if name in by_name}
        stale = by_name.keys() - self._fresh(by_name, entries).keys()
        with cache.writer() as writer:
            renewed = {
                content.name: _placed(content, writer)
                for content in self._contents({name: by_name[name] for name in sorted(stale)}, entries)
            }
        if all(entries.get(name) == entry for name, entry in renewed.items()):
            return entries
        return cache.keep({**entries, **renewed})

    def _fresh(self, by_name: Mapping[str, Path], entries: Mapping[str, Entry]) -> dict[str, Entry]:
        """The entries of files that are as they were read."""
        known = {name: entries[name] for name in by_name if name in entries}
        return {name: entry for name, entry in known.items() if self._is_fresh(entry, identity_of(by_name[name]))}

    def _is_fresh(self, entry: Entry, identity: Identity) -> bool:
        if entry.problems and entry.calendar_end != self._calendar.last.day:
            return False
        return entry.settled and identity != NO_IDENTITY and entry.identity == identity

    def _files(
        self, cache: PriceCache, by_name: Mapping[str, Path], entries: Mapping[str, Entry]
    ) -> dict[str, ReadFile]:
        return {
            name: ReadFile(entries[name], self._history(cache, path, entries[name]), cache.place(entries[name]))
            for name, path in by_name.items()
            if name in entries
        }

    def _history(self, cache: PriceCache, path: Path, entry: Entry) -> Callable[[], History]:
        if entry.block is None:
            return partial(History.of, ())
        columns = cache.columns(entry.block)

        def history() -> History:
            try:
                return columns()
            except DamagedCache as error:
                _log.warning("price_cache_damaged", file=path.name, error=str(error), effect="the file is read again")
                cache.discard()
                return self._read_again(path)

        return history

    def _read_again(self, path: Path) -> History:
        (content,) = self._contents({path.name: path}, {})
        if content.checked is None or content.checked.problems:
            raise BadMarketData(
                f"the kept prices of {visible(path.name)} are damaged, and the file is no longer usable"
            )
        return content.checked.bars

    def _in_memory(self, by_name: Mapping[str, Path]) -> dict[str, ReadFile]:
        contents = self._contents(by_name, {})
        return {
            content.name: ReadFile(content.entry, partial(History.of, content.checked.bars))
            for content in contents
            if content.checked is not None
        }

    def _contents(self, by_name: Mapping[str, Path], entries: Mapping[str, Entry]) -> Iterator[_Content]:
        """What the files hold, read by a few threads: most of the work is done by libraries that let others run."""
        if not by_name:
            return
        self._progress(0, len(by_name))
        with ThreadPoolExecutor(_THREADS, "read-prices") as pool:
            contents = pool.map(lambda item: self._content(item[1], entries.get(item[0])), by_name.items())
            for done, content in enumerate(contents, start=1):
                yield content
                if done * _STEPS // len(by_name) > (done - 1) * _STEPS // len(by_name):
                    self._progress(done, len(by_name))

    def _content(self, path: Path, known: Entry | None) -> _Content:
        before, now = identity_of(path), time.time_ns()
        try:
            content = read_content(path)
        except UnreadableTable as error:
            return self._unreadable(path, error)
        digest = hashlib.sha256(content).hexdigest()
        settled = before == identity_of(path) and before.is_older_than(now - _SETTLED_NS)
        if known and known.sha256 == digest and not known.problems:
            return _Content(path.name, replace(known, identity=before, settled=settled), None)
        found = check_content(path, content, self._calendar)
        entry = Entry(before, digest, settled, self._calendar.last.day, tuple(found.problems), tuple(found.unused))
        return _Content(path.name, entry, found)

    def _unreadable(self, path: Path, error: UnreadableTable) -> _Content:
        found = refused(unusable_name(path) or [str(error)])
        entry = Entry(NO_IDENTITY, "", False, self._calendar.last.day, tuple(found.problems))
        return _Content(path.name, entry, found)


def _placed(content: _Content, writer: SegmentWriter) -> Entry:
    if content.checked is None or content.checked.problems:
        return content.entry
    return replace(content.entry, block=writer.add(content.checked.bars))

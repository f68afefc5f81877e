"""Keeps the columns of a folder of price files in the data folder, so that a start need not read the files again.

    index.json       its own checksum, then for each source file: what it was (size, times, hash), where its columns lie
                     and their checksum, or why it was refused
    SEGMENT.columns  the columns of many files, one after the other, mapped into memory and read where they are used

Everything is written under another name and renamed when it is on the disk, the index last: a kill leaves the old cache
or the new one. A segment is never changed, so a process may go on reading one that another process has replaced.
Whatever does not fit together is as if it were not there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import mmap
import os
import secrets
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import structlog

from investiq.foundation.files import replace_whole, sync_folder
from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.history import History

__all__ = ["DamagedCache", "Entry", "Identity", "KeptColumns", "PriceCache", "SegmentWriter"]

_log = structlog.get_logger(__name__)

_REVISION: Final = 1
"""Raised when a file would be read otherwise, or a cache is written otherwise."""

_INDEX: Final = "index.json"
_LOCK: Final = "lock"
_SUFFIX: Final = ".columns"
_TYPES: Final = ("<M8[D]", "<u8", "<u8", "<u8", "<u8", "<i8")
_ROW_BYTES: Final = 8 * len(_TYPES)
_MOST_SEGMENTS: Final = 8
_LOCK_SECONDS: Final = 120.0
_LOCK_STEP_SECONDS: Final = 0.1


class DamagedCache(Exception):
    """What the cache holds is not what was written."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file looks like from outside. The time of a change of any kind shows also what keeps size and date."""

    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Identity:
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def is_older_than(self, moment_ns: int) -> bool:
        """Whether the file was last touched before `moment_ns`."""
        return max(self.modified_ns, self.changed_ns) < moment_ns


@dataclass(frozen=True, slots=True)
class Block:
    """Where the columns of one file lie, and what they cover."""

    segment: str
    offset: int
    rows: int
    checksum: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class KeptColumns:
    """The columns of one file in the cache, for another process to read.

    Attributes:
        sha256: of the file that they were read from.
    """

    folder: Path
    block: Block
    sha256: str

    def read(self) -> History:
        """The columns, mapped into memory for as long as they are used.

        Raises:
            DamagedCache: they are not there any more, or not what was written.
        """
        try:
            with (self.folder / self.block.segment).open("rb") as file:
                place = self.block.offset - self.block.offset % mmap.ALLOCATIONGRANULARITY
                end = self.block.offset + self.block.rows * _ROW_BYTES
                view = mmap.mmap(file.fileno(), end - place, access=mmap.ACCESS_READ, offset=place)
        except (OSError, ValueError) as error:
            raise DamagedCache(f"{self.block.segment} is not there any more") from error
        return _columns(view, replace(self.block, offset=self.block.offset - place))


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one source file.

    Attributes:
        settled: whether it had been at rest when it was read; one that had not may have changed since without a sign.
        calendar_end: last session that was known then. A refusal may be of a day that came to be known later.
        block: None where the file was refused.
    """

    identity: Identity
    sha256: str
    settled: bool
    calendar_end: date
    problems: tuple[str, ...] = ()
    unused: tuple[UnusedColumn, ...] = ()
    block: Block | None = None


class PriceCache:
    """The cache in `folder` of the price files in `source`.

    Args:
        reader: names everything that the reading of a file depends on besides the file; a cache of another reader
            counts as empty.
        writable: False for whoever only looks, and leaves everything as it is.
    """

    def __init__(self, folder: Path, source: Path, reader: str, *, writable: bool = True) -> None:
        self.writable = writable
        self._folder = folder
        self._head = {"schema": f"investiq.prices/{_REVISION}", "source": str(source.resolve()), "reader": reader}
        self._segments: dict[str, mmap.mmap] = {}

    def load(self) -> dict[str, Entry]:
        """The entries by file name, those that can be read; none where there is no sound index."""
        try:
            checksum, _, body = (self._folder / _INDEX).read_bytes().partition(b"\n")
            if hashlib.sha256(body).hexdigest().encode() != checksum:
                raise DamagedCache(f"{_INDEX} has another checksum than it says")
            document = json.loads(body)
            if {name: document.get(name) for name in self._head} != self._head:
                return {}
            entries = {name: _entry(written) for name, written in document["files"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, DamagedCache) as error:
            _log.warning("price_cache_not_read", folder=str(self._folder), error=str(error))
            return {}
        return {name: entry for name, entry in entries.items() if entry.block is None or self._is_there(entry.block)}

    def columns(self, block: Block) -> Callable[[], History]:
        """What gives the columns, which are read as they are used, also once another segment has taken their place.

        It raises `DamagedCache` where they are not what was written.
        """
        return partial(_columns, self._segments[block.segment], block)

    def place(self, entry: Entry) -> KeptColumns | None:
        """Where the columns of a file lie; None where they are not kept."""
        return None if entry.block is None else KeptColumns(self._folder, entry.block, entry.sha256)

    def discard(self) -> None:
        """Forget everything, so that the next start reads the files."""
        if not self.writable:
            return
        with contextlib.suppress(OSError):
            (self._folder / _INDEX).unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the cache against other processes that would write it.

        Raises:
            OSError: it cannot be written, or another process holds it for too long.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _wait_for_lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def writer(self) -> Iterator[SegmentWriter]:
        """A new segment, which counts from the next `keep` on."""
        name = f"{secrets.token_hex(8)}{_SUFFIX}"
        draft = self._folder / f".{name}.new"
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                writer = SegmentWriter(name, file)
                yield writer
                file.flush()
                os.fsync(file.fileno())
            if writer.size:
                draft.rename(self._folder / name)
        finally:
            draft.unlink(missing_ok=True)

    def keep(self, entries: Mapping[str, Entry]) -> dict[str, Entry]:
        """Write the index of `entries`; gives those of them that can be read. For the holder of the lock.

        Raises:
            OSError: it cannot be written.
        """
        entries = self._gathered(entries)
        document = {**self._head, "files": {name: _written(entry) for name, entry in entries.items()}}
        body = json.dumps(document, separators=(",", ":"))
        checksum = hashlib.sha256(body.encode()).hexdigest()
        sync_folder(self._folder)
        replace_whole(self._folder / _INDEX, f"{checksum}\n{body}")
        self._sweep({entry.block.segment for entry in entries.values() if entry.block})
        return {name: entry for name, entry in entries.items() if entry.block is None or self._is_there(entry.block)}

    def _gathered(self, entries: Mapping[str, Entry]) -> Mapping[str, Entry]:
        """The entries, their columns copied into one segment where they are scattered over too many."""
        blocks = {name: entry.block for name, entry in entries.items() if entry.block is not None}
        if len({block.segment for block in blocks.values()}) <= _MOST_SEGMENTS:
            return entries
        gathered = {name: entry for name, entry in entries.items() if entry.block is None}
        with self.writer() as writer:
            for name, block in blocks.items():
                with contextlib.suppress(DamagedCache):
                    if self._is_there(block):
                        moved = writer.add(self.columns(block)())
                        gathered[name] = replace(entries[name], block=moved)
        return gathered

    def _is_there(self, block: Block) -> bool:
        try:
            if block.segment not in self._segments:
                with (self._folder / block.segment).open("rb") as file:
                    self._segments[block.segment] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            return False
        return block.offset + block.rows * _ROW_BYTES <= len(self._segments[block.segment])

    def _sweep(self, used: Iterable[str]) -> None:
        """Remove what no index names any more, of which a kill may have left some."""
        kept = set(used)
        for path in self._folder.iterdir():
            if path.name.removeprefix(".").removesuffix(".new").endswith(_SUFFIX) and path.name not in kept:
                path.unlink(missing_ok=True)
        self._segments = {name: segment for name, segment in self._segments.items() if name in kept}


class SegmentWriter:
    """Appends columns to a new segment."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.size = 0
        self._name = name
        self._file = file

    def add(self, history: History) -> Block:
        """Write the columns; they are where the answer says once the segment counts."""
        typed = (np.ascontiguousarray(c, kind) for c, kind in zip(history.columns(), _TYPES, strict=True))
        content = b"".join(column.tobytes() for column in typed)
        self._file.write(content)
        place, self.size = self.size, self.size + len(content)
        span = history.session(0), history.session(-1)
        return Block(self._name, place, len(history), zlib.crc32(content), *span)


def _columns(segment: mmap.mmap, block: Block) -> History:
    view = memoryview(segment)[block.offset : block.offset + block.rows * _ROW_BYTES]
    if zlib.crc32(view) != block.checksum:
        raise DamagedCache(f"{block.segment} has other columns than were written")
    arrays = [np.frombuffer(view, kind, block.rows, 8 * block.rows * at) for at, kind in enumerate(_TYPES)]
    return History(*arrays)


def _wait_for_lock(descriptor: int) -> None:
    give_up = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise
            time.sleep(_LOCK_STEP_SECONDS)


def _written(entry: Entry) -> Mapping[str, Any]:
    block = None if entry.block is None else [*asdict(entry.block).values()]
    return {
        "identity": list(asdict(entry.identity).values()),
        "sha256": entry.sha256,
        "settled": entry.settled,
        "calendar_end": str(entry.calendar_end),
        "problems": entry.problems,
        "unused": [[column.file, column.name, column.like] for column in entry.unused],
        "block": block and [*block[:-2], *map(str, block[-2:])],
    }


def _entry(written: Mapping[str, Any]) -> Entry:
    return Entry(
        identity=Identity(*map(int, written["identity"])),
        sha256=str(written["sha256"]),
        settled=bool(written["settled"]),
        calendar_end=date.fromisoformat(written["calendar_end"]),
        problems=tuple(map(str, written["problems"])),
        unused=tuple(UnusedColumn(*map(str, column)) for column in written["unused"]),
        block=None if written["block"] is None else _block(written["block"]),
    )


def _block(written: Sequence[Any]) -> Block:
    segment, offset, rows, checksum, first, last = written
    if os.sep in segment or min(offset, rows - 1) < 0:
        raise ValueError(f"no place of columns: {segment!r} from {offset}, {rows} rows")
    return Block(segment, offset, rows, checksum, date.fromisoformat(first), date.fromisoformat(last))

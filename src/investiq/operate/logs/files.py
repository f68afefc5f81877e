"""The log files of an installation, each with those that it was rotated to, read from a moment on and then followed.

A file may have gigabytes: where a moment lies in it is found by halves. It may be rotated while it is read, and its
last line may still lack its end.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, Final

from investiq.operate.logs.record import LogRecord, parse_line, time_of

__all__ = ["Follower", "read_since", "written_parts"]

_SUFFIX: Final = ".log"
_CLOSE: Final = 65_536
"""Bytes in which it is faster to read than to halve."""
_LONGEST_LINE: Final = 1_000_000
"""What is longer is cut: no program of ours writes such a line, and a file of one line is none."""
Ends = Mapping[int, int]
"""The place in each file, by its inode."""
_WITHOUT_TIME: Final = 200
"""Lines of a traceback, at most, before one with a time."""


def written_parts(folder: Path) -> Sequence[str]:
    """The parts that have a log, by name."""
    return sorted(path.name.removesuffix(_SUFFIX) for path in folder.glob(f"*{_SUFFIX}"))


def read_since(folder: Path, parts: Collection[str], since: float, ends: Ends | None = None) -> Iterator[LogRecord]:
    """Each line that was written from `since` on, of all these parts, in the order of time.

    Args:
        ends: where a follower goes on, who tells what comes after that.
    """
    of_parts = (_of_part(folder, part, since, ends or {}) for part in sorted(parts))
    return heapq.merge(*of_parts, key=attrgetter("time"))


def _of_part(folder: Path, part: str, since: float, ends: Ends) -> Iterator[LogRecord]:
    files = _opened(folder / f"{part}{_SUFFIX}", since)
    before = since
    for file in files:
        with file:
            file.seek(_place(file, since))
            end = ends.get(os.fstat(file.fileno()).st_ino)
            while (end is None or file.tell() < end) and (line := file.readline(_LONGEST_LINE)):
                record = parse_line(part, line, before)
                # Two threads of a process may write in another order than they took the time.
                before = max(before, record.time)
                if record.time >= since and record.text:
                    yield record if record.time == before else _at(record, before)


def _at(record: LogRecord, time: float) -> LogRecord:
    return LogRecord(record.part, time, record.level, record.text, record.fields)


def _opened(path: Path, since: float) -> list[BinaryIO]:
    """The files with something from `since` on, the oldest first; open, so that a rotation takes none away."""
    found: list[BinaryIO] = []
    inodes: set[int] = set()
    for name in (path, *(path.with_name(f"{path.name}.{number}") for number in range(1, 1_000))):
        try:
            file = name.open("rb")
        except OSError:
            break
        state = os.fstat(file.fileno())
        if state.st_ino in inodes or (found and state.st_mtime < since):
            file.close()
            break
        inodes.add(state.st_ino)
        found.append(file)
    return found[::-1]


def _place(file: BinaryIO, since: float) -> int:
    """Where to begin: at the start of a line, and after it little that is older than `since`."""
    low, high = 0, os.fstat(file.fileno()).st_size
    while high - low > _CLOSE:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline(_LONGEST_LINE)  # the rest of a line
        time = _next_time(file)
        if time is not None and time < since:
            low = middle
        else:
            high = middle
    file.seek(low)
    if low:
        file.readline(_LONGEST_LINE)
    return file.tell()


def _next_time(file: BinaryIO) -> float | None:
    for _ in range(_WITHOUT_TIME):
        line = file.readline(_LONGEST_LINE)
        if not line:
            return None
        if (time := time_of(line)) is not None:
            return time
    return None


class Follower:
    """What is added to the logs of some parts, from now on; parts whose log comes later are taken in."""

    def __init__(self, folder: Path, parts: Collection[str] | None) -> None:
        self._folder = folder
        self._parts = parts
        self._files: dict[str, _Tail] = {}
        for part in parts if parts is not None else written_parts(folder):
            self._files[part] = _Tail(part, folder / f"{part}{_SUFFIX}", at_end=True)

    @property
    def ends(self) -> Ends:
        """Where it goes on."""
        return dict(tail.place for tail in self._files.values() if tail.place is not None)

    def new(self) -> Sequence[LogRecord]:
        """The lines that were completed since the last call, in the order of time."""
        for part in self._parts if self._parts is not None else written_parts(self._folder):
            if part not in self._files:
                self._files[part] = _Tail(part, self._folder / f"{part}{_SUFFIX}", at_end=False)
        found = [record for tail in self._files.values() for record in tail.new()]
        return sorted(found, key=attrgetter("time"))


class _Tail:
    """One file under its name: when that is another file, the old one is read to its end first."""

    def __init__(self, part: str, path: Path, *, at_end: bool) -> None:
        self._part = part
        self._path = path
        self._rest = b""
        self._time = 0.0
        self._file = self._open()
        if self._file is not None and at_end:
            _after_last_line(self._file)

    @property
    def place(self) -> tuple[int, int] | None:
        """Inode and place."""
        return None if self._file is None else (os.fstat(self._file.fileno()).st_ino, self._file.tell())

    def new(self) -> Iterator[LogRecord]:
        """What came since."""
        if self._file is not None:
            yield from self._read(self._file)
        if self._is_another():
            if self._file is not None:
                yield from self._read(self._file)
                self._file.close()
            self._file, self._rest = self._open(), b""
            if self._file is not None:
                yield from self._read(self._file)

    def _read(self, file: BinaryIO) -> Iterator[LogRecord]:
        if os.fstat(file.fileno()).st_size < file.tell():
            file.seek(0)  # somebody has emptied it
        *lines, self._rest = (self._rest + file.read()).split(b"\n")
        self._rest = self._rest[-_LONGEST_LINE:]
        for line in lines:
            record = parse_line(self._part, line, self._time)
            self._time = record.time
            if record.text:
                yield record

    def _is_another(self) -> bool:
        try:
            named = self._path.stat()
        except OSError:
            return False
        return self._file is None or not os.path.samestat(os.fstat(self._file.fileno()), named)

    def _open(self) -> BinaryIO | None:
        try:
            return self._path.open("rb")
        except OSError:
            return None


def _after_last_line(file: BinaryIO) -> None:
    """Where the line begins that is being written."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - _CLOSE))
    file.seek(start + file.read(size - start).rfind(b"\n") + 1)

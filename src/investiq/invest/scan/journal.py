"""What a scan has done so far: a line for each chunk, on the disk before the next is counted.

    CHECKSUM {"schema": "investiq.scan-journal/1", "key": ...}
    CHECKSUM {"rows": [...]}

A kill leaves whole lines and at most one that is torn, which counts as if it were not there. One process at a time
holds a journal, by a lock that ends with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import sync_folder
from investiq.invest.scan.row import Row

__all__ = ["Journal", "JournalFull", "ScanRunning"]

_SCHEMA: Final = "investiq.scan-journal/1"
_SUFFIX: Final = ".journal"
_KEPT_SECONDS: Final = 7 * 86_400
"""How long what an interrupted scan has done waits for somebody to go on with it."""


class ScanRunning(InvestIQError):
    """Another process does the same scan."""

    reason = "scan_running"


class JournalFull(InvestIQError):
    """What was done cannot be kept; what was kept before is still there."""

    reason = "scan_not_kept"


class Journal:
    """The rows of the scan `key`, kept in `folder`. A context manager, which holds it against other processes.

    Attributes:
        rows: those that are kept, by symbol.

    Raises:
        ScanRunning: another process holds it.
        JournalFull: it cannot be made.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.rows: dict[str, Row] = {}
        self._path = folder / f"{key}{_SUFFIX}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sweep(folder)
            self._file = _held(self._path)
        except OSError as error:
            raise JournalFull(f"{self._path} cannot be written: {error.strerror}") from error
        self._size = self._read(key)
        os.ftruncate(self._file, self._size)
        if not self._size:
            self._append({"schema": _SCHEMA, "key": key})
            with contextlib.suppress(OSError):
                sync_folder(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def keep(self, rows: Sequence[Row]) -> None:
        """Keep the rows of a chunk; they are on the disk when this returns.

        Raises:
            JournalFull: they cannot be written; those before still are.
        """
        self._append({"rows": rows})
        self.rows |= {row["symbol"]: row for row in rows}

    def remove(self) -> None:
        """Forget it: its rows are written elsewhere."""
        self._path.unlink(missing_ok=True)

    def _append(self, document: Mapping[str, Any]) -> None:
        line = _line(document)
        try:
            written = os.pwrite(self._file, line, self._size)
            while written < len(line):
                written += os.pwrite(self._file, line[written:], self._size + written)
            os.fsync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise JournalFull(
                f"{self._path} cannot be written: {error.strerror}. {len(self.rows)} symbols are kept in it: make room "
                "and give the same command again, and it goes on from there"
            ) from error
        self._size += len(line)

    def _read(self, key: str) -> int:
        """Take over the rows that are there. The number of bytes up to the first line that is not whole."""
        place = 0
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            for line in file:
                document = _document(line)
                first = place == 0
                if document is None or (first and document != {"schema": _SCHEMA, "key": key}):
                    break
                self.rows |= {row["symbol"]: row for row in document.get("rows", ())}
                place += len(line)
        return place


def _line(document: Mapping[str, Any]) -> bytes:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _document(line: bytes) -> dict[str, Any] | None:
    """What stands in a line; None when it is torn."""
    checksum, _, body = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(body):
        return None
    document: dict[str, Any] = json.loads(body)
    return document


def _held(path: Path) -> int:
    """The open file, locked; made where there is none.

    Raises:
        ScanRunning: another process holds it.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise ScanRunning("the same scan runs already: wait for its end, or end it and go on") from None
        if _is_at(path, descriptor):
            return descriptor
        os.close(descriptor)  # who held it has removed it meanwhile


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sweep(folder: Path) -> None:
    """Remove what nobody has gone on with for a week."""
    for path in folder.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink()

"""The log file of each part: bounded, rotated by size, and read back when something goes wrong."""

from __future__ import annotations

import contextlib
import io
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from investiq.operate.supervise.log_redaction import RedactedStream

__all__ = ["ERROR", "LastLines", "RotatedFile", "own_error", "rotated_text", "tail"]

ERROR = "error: "
"""How our own programs begin the message that they end with; it names the next step."""

_TAIL_BYTES = 65_536
_LINE_BYTES = 4_096


class RotatedFile(io.RawIOBase):
    """A file that is appended to and, at `max_bytes`, becomes `<name>.1`; the `backups` youngest of those are kept.

    Rotation falls between two lines. A full disk must not take the supervisor with it: what cannot be written is
    dropped.
    """

    def __init__(self, path: Path, max_bytes: int, backups: int) -> None:
        super().__init__()
        self.path = path
        self._max_bytes = max_bytes
        self._backups = backups
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._open()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # of the buffers that exist we only get bytes
        data = bytes(data)
        with contextlib.suppress(OSError):
            self._write(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _write(self, data: bytes) -> None:
        if self._size and self._size + len(data) > self._max_bytes:
            # The rest of a line that was begun stays with its beginning, unless that line has no end.
            rest = 0 if self._at_line_start else data.find(b"\n") + 1
            if self._at_line_start or rest or self._size > 2 * self._max_bytes:
                self._append(data[:rest])
                data = data[rest:]
                self._rotate()
        self._append(data)

    def _append(self, data: bytes) -> None:
        if data:
            self._size += self._file.write(data)
            self._at_line_start = data.endswith(b"\n")

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._backups, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        self._open()

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}") if number else self.path

    def _open(self) -> None:
        self._file: IO[bytes] = self.path.open("ab", buffering=0)
        self._size = self._file.tell()
        self._at_line_start = True


class LastLines:
    """The last lines of a stream of bytes, in memory: a log file may still end with those of an earlier run."""

    def __init__(self, number: int) -> None:
        self._lines: deque[str] = deque(maxlen=number)
        self._unfinished = b""

    def write(self, data: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        self._unfinished = self._unfinished[-_LINE_BYTES:]
        self._lines.extend(text for line in lines if (text := _text(line)))

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines that are not empty, with the one that has no end yet."""
        unfinished = _text(self._unfinished)
        return (*self._lines, unfinished) if unfinished else tuple(self._lines)


def _text(line: bytes) -> str:
    return line[:_LINE_BYTES].decode("utf-8", "replace").rstrip()


def own_error(lines: Sequence[str]) -> str:
    """The message with which a program of ours ended, without its beginning; empty when it said none."""
    return next((line.removeprefix(ERROR) for line in reversed(lines) if line.startswith(ERROR)), "")


def rotated_text(path: Path, max_bytes: int, backups: int, redacted: RedactedStream | None = None) -> io.TextIOWrapper:
    """A text stream into a `RotatedFile`, written through at each line; what `redacted` knows is left out."""
    file = RotatedFile(path, max_bytes, backups) if redacted is None else _Redacted(path, max_bytes, backups, redacted)
    return io.TextIOWrapper(file, "utf-8", write_through=True)  # type: ignore[arg-type]


class _Redacted(RotatedFile):
    """One that leaves out secrets."""

    def __init__(self, path: Path, max_bytes: int, backups: int, redacted: RedactedStream) -> None:
        super().__init__(path, max_bytes, backups)
        self._redacted = redacted

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        super().write(self._redacted.feed(bytes(data)))
        return len(data)

    def close(self) -> None:
        if not self.closed:
            super().write(self._redacted.rest())
        super().close()


def tail(path: Path, lines: int) -> tuple[str, ...]:
    """The last `lines` lines that are not empty; nothing where there is no file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(line for line in text.splitlines() if line.strip())[-lines:]

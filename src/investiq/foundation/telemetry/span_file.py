"""Keeps spans in a file of this machine: one for each service, rotated by size, for `investiq trace`.

Several processes may write to one, as commands do: each batch is appended under a lock, and none is ever half there.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from investiq.foundation.telemetry.span_json import otlp_lines
from investiq.foundation.vocabulary import SpanOutcome

__all__ = ["SUFFIX", "FileSpanExporter"]

SUFFIX: Final = ".jsonl"
_APPENDING: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW

_log = structlog.get_logger(__name__)


class FileSpanExporter(SpanExporter):
    """Appends to `<folder>/<service>.jsonl`; at `max_bytes` that becomes `<service>.jsonl.1`, in the place of the last.

    What the disk does not take is lost and counted.
    """

    def __init__(self, folder: Path, service: str, max_bytes: int, count: Callable[[SpanOutcome, int], None]) -> None:
        self._path = folder / f"{service}{SUFFIX}"
        self._max_bytes = max_bytes
        self._count = count
        self._well = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append one batch."""
        try:
            self._append(b"".join(otlp_lines(spans)))
        except OSError as error:
            if self._well:
                _log.warning("spans_not_written", file=str(self._path), error=error.strerror)
            self._well = False
            self._count(SpanOutcome.FAILED, len(spans))
            return SpanExportResult.FAILURE
        self._well = True
        self._count(SpanOutcome.EXPORTED, len(spans))
        return SpanExportResult.SUCCESS

    def _append(self, data: bytes) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._locked()
        try:
            size = os.fstat(file).st_size
            if size and size + len(data) > self._max_bytes:
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
                os.close(file)
                file = self._locked()
                size = os.fstat(file).st_size
            _write(file, data, size)
        finally:
            os.close(file)

    def _locked(self) -> int:
        """The file under its name, for this process alone."""
        while True:
            file = os.open(self._path, _APPENDING, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                if os.path.samestat(os.fstat(file), self._path.stat()):
                    return file
            except FileNotFoundError:
                pass
            os.close(file)  # another process has rotated it meanwhile

    def shutdown(self) -> None:
        """Nothing is open."""


def _write(file: int, data: bytes, size: int) -> None:
    """All of `data`, or nothing: half a batch would spoil the next one, too."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        os.ftruncate(file, size)
        raise

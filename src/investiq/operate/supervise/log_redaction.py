"""Keeps secrets out of the log files: what a part prints passes here before it is written.

Programs that are not ours print what they were given: Alertmanager 0.25 logs the whole address of a webhook that fails.
"""

from __future__ import annotations

import time
from pathlib import Path

from investiq.foundation.config import Config, Paths
from investiq.foundation.redaction import LONGEST, Redaction, known_secrets, masked, secret_files

__all__ = ["LogRedaction", "RedactedStream"]

_LOOK_SECONDS = 0.5
"""From one look into each key file to the next. A file that is replaced, as ours are, is seen at once."""
_LONGEST_LINE = 16_384
"""Bytes of a line without an end that are waited for. A pipe that is read in pieces splits lines anywhere."""


class LogRedaction:
    """What is to be hidden now, for the logs of a supervisor's whole life.

    A secret that was rotated away is hidden still: for its overlap it opens, and afterwards it tells who looks how ours
    are made.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._known: frozenset[str] = frozenset()
        self._folder_seen: int | None = None
        self._files_seen: tuple[tuple[str, int], ...] = ()
        self._next_look = 0.0
        self._redaction = Redaction(())

    @property
    def now(self) -> Redaction:
        """With every secret that any file has held since the start."""
        folder = _changed(Paths.of(self._config).keys)
        if folder != self._folder_seen or time.monotonic() >= self._next_look:
            self._look(folder)
        return self._redaction

    def _look(self, folder: int | None) -> None:
        files = tuple((str(file), _changed(file) or 0) for file in secret_files(self._config))
        self._next_look = time.monotonic() + _LOOK_SECONDS
        if folder == self._folder_seen and files == self._files_seen and self._known:
            return
        self._folder_seen, self._files_seen = folder, files
        known = self._known.union(known_secrets(self._config))
        if known != self._known:
            self._known, self._redaction = known, Redaction(known)


class RedactedStream:
    """What one process prints, in the pieces in which it is read; a secret may be split over any two of them.

    A line is held back until its end has come, or until it is longer than any that is waited for.
    """

    def __init__(self, redaction: LogRedaction) -> None:
        self._redaction = redaction
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What may be written now, without secrets."""
        data = self._held + data
        end = data.rfind(b"\n") + 1
        if len(data) - end <= _LONGEST_LINE:
            self._held = data[end:]
            return self._redaction.now.clean_bytes(data[:end]) if end else b""
        return self._feed_endless(data)

    def rest(self) -> bytes:
        """What was held back, when nothing more will come."""
        held, self._held = self._held, b""
        return self._redaction.now.clean_bytes(held) if held else b""

    def _feed_endless(self, data: bytes) -> bytes:
        """All but so much as a secret may take that has only begun; a cut through one falls behind it."""
        cut = len(data) - LONGEST
        spans = self._redaction.now.spans(data)
        cut = max([cut, *(end for start, end in spans if start < cut)])
        self._held = data[cut:]
        return masked(data[:cut], [span for span in spans if span[1] <= cut])


def _changed(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None

"""Counts what nginx at the edge answers, in its log as that passes by: nginx itself counts no statuses.

The supervisor keeps the log anyway. A file for the node exporter needs no further process and no further port; what the
file says is as old as its own time stamp.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections import Counter
from pathlib import Path

from investiq.foundation.files import replace_whole
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.textfile import textfile_text
from investiq.foundation.vocabulary import EdgeAnswer

__all__ = ["FILE", "AnswerCounter"]

FILE = "edge.prom"

_SECONDS = 5.0
_LONGEST = 65_536
"""Of a line that has no end yet; a whole one is shorter, since nginx takes 32 KiB of headers."""

# nginx escapes the quotation marks in what a client sent: nobody can plant this in a path.
_ANSWERED = re.compile(rb'"door": "([a-z]+)", "status": ([0-9]{3}), ')
_DOORS = frozenset(catalogue.EDGE_ANSWERS.labels[0].values or ())


class AnswerCounter:
    """Reads nginx's log in whatever pieces it comes."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._unfinished = b""

    def write(self, data: bytes) -> None:
        """The next piece of the log."""
        whole, end, rest = (self._unfinished + data).rpartition(b"\n")
        self._unfinished = rest[-_LONGEST:]
        if end:
            self._counts.update(map(_labels, _ANSWERED.findall(whole)))

    def text(self, now: float) -> str:
        """What was counted, for the node exporter; `now` in Unix seconds."""
        known = catalogue.EDGE_ANSWERS.known_label_sets()
        answers = {labels: float(self._counts[labels[0], labels[1]]) for labels in known}
        return textfile_text({catalogue.EDGE_ANSWERS: answers, catalogue.EDGE_COUNTED: {(): now}})

    async def keep(self, folder: Path) -> None:
        """Write it down every few seconds, until this is cancelled; then nothing is left of it.

        What cannot be written shows by its age: the supervisor goes on without.
        """
        file = folder / FILE
        try:
            while True:
                with contextlib.suppress(OSError):
                    replace_whole(file, self.text(time.time()))
                await asyncio.sleep(_SECONDS)
        finally:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)


def _labels(found: tuple[bytes, bytes]) -> tuple[str, str]:
    door, status = (text.decode("ascii") for text in found)
    answer = EdgeAnswer.LIMITED.value if status == EdgeAnswer.LIMITED else f"{status[0]}xx"
    return (door if door in _DOORS else catalogue.NO_DOOR), answer

"""Makes and ends silences for the pages: the blocking client in worker threads, one change at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import timedelta

from investiq.clients.alertmanager.client import Silences, UnknownSilence
from investiq.clients.alertmanager.silence import Silence
from investiq.promql.matcher import Matcher

__all__ = ["Silencer"]


class Silencer:
    """The silences of Alertmanager; every method may raise AlertmanagerUnreachable."""

    def __init__(self, silences: Silences) -> None:
        self._silences = silences
        # Whether a silence is there already is asked before it is made: the second of a double click has to wait. It is
        # held in the thread, which goes on also when the page that asked has gone.
        self._changing = threading.Lock()

    async def open(self) -> list[Silence]:
        """Those that have not ended, the first to end first."""
        return await asyncio.to_thread(self._silences.open)

    async def add(self, matchers: Sequence[Matcher], length: timedelta, by: str, reason: str) -> Silence:
        """Silence what all of `matchers` match; the same again stays one silence."""

        def change() -> Silence:
            with self._changing:
                return self._silences.add(matchers, length, by, reason)

        return await asyncio.to_thread(change)

    async def end(self, identifier: str) -> Silence:
        """End the silence of this id.

        Raises:
            UnknownSilence: it is not there, or has ended.
        """

        def change() -> Silence:
            with self._changing:
                found = next((silence for silence in self._silences.open() if silence.id == identifier), None)
                if found is None:
                    raise UnknownSilence("it has ended already")
                self._silences.end(found)
                return found

        return await asyncio.to_thread(change)

    async def aclose(self) -> None:
        """Close all connections."""
        await asyncio.to_thread(self._silences.close)

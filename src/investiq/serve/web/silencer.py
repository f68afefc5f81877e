"""Makes and ends silences for the pages, one change at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

from investiq.clients.alertmanager.client import Alertmanager, UnknownSilence
from investiq.clients.alertmanager.silence import Silence
from investiq.promql.matcher import Matcher

__all__ = ["Silencer"]


class Silencer:
    """Changes the silences of Alertmanager; every method may raise a `ClientError`."""

    def __init__(self, alertmanager: Alertmanager) -> None:
        self._alertmanager = alertmanager
        # Whether a silence is there already is asked before it is made: the second of a double click has to wait.
        self._changing = asyncio.Lock()
        self._changes: set[asyncio.Task[Silence]] = set()

    async def add(self, matchers: Sequence[Matcher], length: timedelta, by: str, reason: str) -> Silence:
        """Silence what all of `matchers` match; the same again stays one silence."""
        return await self._change(self._alertmanager.add_silence(matchers, length, by, reason))

    async def end(self, identifier: str) -> Silence:
        """End the silence of this id.

        Raises:
            UnknownSilence: it is not there, or has ended.
        """
        return await self._change(self._end(identifier))

    async def _end(self, identifier: str) -> Silence:
        found = [silence for silence in await self._alertmanager.open_silences() if silence.id == identifier]
        if not found:
            raise UnknownSilence("it has already ended")
        await self._alertmanager.end_silence(found[0])
        return found[0]

    async def _change(self, change: Coroutine[Any, Any, Silence]) -> Silence:
        """Make it to its end, also when the page that asked for it has gone."""

        async def alone() -> Silence:
            async with self._changing:
                return await change

        task = asyncio.create_task(alone())
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        return await asyncio.shield(task)

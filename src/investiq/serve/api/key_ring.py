"""The keys and sessions as the running server knows them: verifying one costs a hash, whoever asks and however often.

All that are valid are in memory, read anew when they are two seconds old. So what another process revokes works for up
to two seconds more, and a flood of wrong keys neither keeps the database busy nor any other key from being verified.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from investiq.foundation.store import DatabaseUnavailable
from investiq.foundation.threads import BoundedThreads
from investiq.serve.api.keys import Credential, hash_of

__all__ = ["CredentialStore", "KeyRing"]

_log = structlog.get_logger(__name__)

_FORM = re.compile(rb"iqs?_[A-Za-z0-9_-]{43}")
"""Of a key or a session; what has another is not searched for."""
_BELIEVED_SECONDS = 2.0
_NOTED_EVERY = timedelta(minutes=1)


class CredentialStore(Protocol):
    """Knows credentials, and keeps when they are used. Both methods raise DatabaseUnavailable."""

    def by_hash(self) -> Mapping[str, Credential]:
        """All that are valid, by the hash of their secrets."""

    def note_use(self, key_id: str, when: datetime) -> None:
        """Keep that a key was used at `when`."""


class KeyRing:
    """Verifies credentials for the server, and notes which keys are used. For one event loop."""

    def __init__(self, store: CredentialStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._known: Mapping[str, Credential] = {}
        self._believed_until = 0.0
        self._forgotten = 0
        self._reading: asyncio.Task[None] | None = None
        self._reader = BoundedThreads(1, "keys")
        self._writer = BoundedThreads(1, "key-use")
        self._noted: dict[str, datetime] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def verify(self, secret: bytes, *, search: bool) -> Credential | None:
        """The valid credential whose secret this is.

        1. Reads all of them anew when they are old.
        2. Looks this one up in memory.
        3. What is not there may have been made a moment ago: with `search`, reads once more.

        Raises:
            DatabaseUnavailable: it does not answer.
        """
        if not _FORM.fullmatch(secret):
            return None
        if self._clock() >= self._believed_until or (search and hash_of(secret) not in self._known):
            await self._read()
        found = self._known.get(hash_of(secret))
        now = datetime.now(UTC)
        if found is None or not found.is_valid(now):
            return None
        self._note_use(found.caller.key_id, now)
        return found

    async def session(self, session_id: str) -> Credential | None:
        """The valid session of this id.

        Raises:
            DatabaseUnavailable: it does not answer.
        """
        if self._clock() >= self._believed_until:
            await self._read()
        now = datetime.now(UTC)
        for found in self._known.values():
            if (caller := found.caller).session_id == session_id and found.is_valid(now):
                self._note_use(caller.key_id, now)
                return found
        return None

    def forget(self) -> None:
        """Believe nothing from before, nor what is being read: somebody has just logged in or out."""
        self._believed_until = 0.0
        self._forgotten += 1

    async def _read(self) -> None:
        """Read them: all who wait share one reading, and none is content with one that began before it asked."""
        if self._reading is not None:
            await asyncio.wait({self._reading})
        if self._reading is None:
            self._reading = asyncio.create_task(self._load())
        await asyncio.shield(self._reading)

    async def _load(self) -> None:
        forgotten = self._forgotten
        try:
            self._known = await self._reader.run(self._store.by_hash)
            if forgotten == self._forgotten:
                self._believed_until = self._clock() + _BELIEVED_SECONDS
        finally:
            self._reading = None

    def _note_use(self, key_id: str, now: datetime) -> None:
        """Keep the use, once a minute and beside the request: nobody waits for it, and nobody fails by it."""
        latest = self._noted.get(key_id)
        if latest is not None and now - latest < _NOTED_EVERY:
            return
        self._noted[key_id] = now
        note = asyncio.create_task(self._write(key_id, now))
        self._notes.add(note)
        note.add_done_callback(self._notes.discard)

    async def _write(self, key_id: str, now: datetime) -> None:
        try:
            await self._writer.run(lambda: self._store.note_use(key_id, now))
        except DatabaseUnavailable as error:
            _log.warning("key_use_not_noted", key=key_id, error=error.message)

"""The token that programs of one installation share, as the server that asks for it knows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from investiq.foundation.files import provide_token
from investiq.foundation.threads import BoundedThreads
from investiq.foundation.token_files import AcceptedTokens

__all__ = ["TokenRing"]

_BELIEVED_SECONDS = 2.0
_PATIENCE_SECONDS = 1.0


class TokenRing:
    """Takes the token in `file`, and for a while those before it; one that is replaced is known at once.

    The files are read in a thread of its own, and a disk that hangs is waited for no longer than a second: then what is
    known counts. For one event loop.

    Raises:
        UnusableTokenFile: the file cannot be made or read, or holds no token.
    """

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        provide_token(file)
        self._tokens = AcceptedTokens(file)
        self._tokens.look()
        self._clock = clock
        self._believed_until = clock() + _BELIEVED_SECONDS
        self._reader = BoundedThreads(1, "token")
        self._looking: asyncio.Task[None] | None = None

    async def accepts(self, presented: bytes) -> bool:
        """Whether it opens; what does not may be newer than what is known, so the files are looked at once more."""
        if not presented:
            return False
        if self._clock() >= self._believed_until or not self._tokens.accepts(presented):
            await self._look()
        return self._tokens.accepts(presented)

    async def _look(self) -> None:
        """All who wait share a look, and none is content with one that began before it asked."""
        for _ in range(2 if self._looking else 1):
            if self._looking is None:
                self._looking = asyncio.create_task(self._read())
            await asyncio.wait({self._looking}, timeout=_PATIENCE_SECONDS)

    async def _read(self) -> None:
        try:
            await self._reader.run(self._tokens.look)
            self._believed_until = self._clock() + _BELIEVED_SECONDS
        finally:
            self._looking = None

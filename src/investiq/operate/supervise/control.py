"""Talking to a running supervisor, the asking side: a Unix socket in `data_dir/run`, one JSON object a line.

A request is `{"do": "follow" | "stop"}` or `{"do": "stop_part" | "start_part" | "reload_part", "part": name}`. The
answer to the first two is one snapshot a line, until everything has stopped; to the others `{"done": true}` or
`{"error": message}`.
`{"do": "status"}` gets one snapshot, `{"do": "report", "given": fingerprint}` what `report` says. Only the user who
started the stack can open the socket. The answering side is `control_server`; this one loads nothing of the supervisor.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from investiq.foundation.errors import InvestIQError
from investiq.operate.supervise.control_socket import LINE_LIMIT, socket_path
from investiq.operate.supervise.status import StackSnapshot

__all__ = ["AlreadyRunning", "ControlClient", "NotRunning", "Rejected", "hold_lock", "is_locked"]

_LOCK = "lock"


class NotRunning(InvestIQError):
    """No supervisor runs on this data_dir."""

    reason = "not_running"


class AlreadyRunning(InvestIQError):
    """A supervisor runs on this data_dir; two would start everything twice."""

    reason = "already_running"


class Rejected(InvestIQError):
    """The supervisor refused a request."""

    reason = "usage"


@contextlib.contextmanager
def hold_lock(folder: Path) -> Iterator[None]:
    """Be the only supervisor of `folder` (data_dir/run). The kernel lets go of the lock whenever this process ends.

    Raises:
        AlreadyRunning: another one holds it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"InvestIQ runs already on {folder.parent}") from None
        yield


def is_locked(folder: Path) -> bool:
    """Whether a supervisor of `folder` is alive, whether or not it answers."""
    if not (folder / _LOCK).exists():
        return False
    try:
        with hold_lock(folder):
            return False
    except AlreadyRunning:
        return True


class ControlClient:
    """The supervisor of `folder` (data_dir/run), from another process.

    Raises:
        NotRunning: from every method, when there is none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def status(self) -> StackSnapshot:
        return StackSnapshot.from_json(await self._one({"do": "status"}))

    async def stop_part(self, name: str) -> None:
        """Stop one part and keep it down.

        Raises:
            Rejected: there is no such part.
        """
        await self._one({"do": "stop_part", "part": name})

    async def start_part(self, name: str) -> None:
        """Start a part that is held or has crashed.

        Raises:
            Rejected: there is no such part.
        """
        await self._one({"do": "start_part", "part": name})

    async def reload_part(self, name: str) -> None:
        """Let a program read its configuration anew, if it runs.

        Raises:
            Rejected: there is no such part, or it cannot.
        """
        await self._one({"do": "reload_part", "part": name})

    def follow(self) -> AsyncIterator[StackSnapshot]:
        """A snapshot now, and one after every change until everything has stopped."""
        return self._snapshots({"do": "follow"})

    def stop(self) -> AsyncIterator[StackSnapshot]:
        """Ask for the end of everything, and follow it."""
        return self._snapshots({"do": "stop"})

    async def _snapshots(self, request: dict[str, Any]) -> AsyncIterator[StackSnapshot]:
        async for answer in self._ask(request):
            yield StackSnapshot.from_json(answer)

    async def _one(self, request: dict[str, Any]) -> dict[str, Any]:
        async for answer in self._ask(request):
            if error := answer.get("error"):
                raise Rejected(str(error))
            return answer
        raise NotRunning("the supervisor went away before it answered")

    async def _ask(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        reader, writer = await self._connect()
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            await writer.drain()
            while line := await reader.readline():
                yield json.loads(line)
        except ConnectionError:
            return  # killed in the middle of a line: the end of the stream says the same
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            with socket_path(self._folder) as path:
                return await asyncio.open_unix_connection(path, limit=LINE_LIMIT)
        except (FileNotFoundError, ConnectionError):
            raise NotRunning("InvestIQ is not running; `investiq up` starts it") from None

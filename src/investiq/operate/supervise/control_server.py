"""Talking to a running supervisor, the answering side: see `control` for what can be asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog

from investiq.foundation.errors import InvestIQError
from investiq.operate.supervise.control_socket import LINE_LIMIT, SOCKET, socket_path
from investiq.operate.supervise.status import StackReport, StackSnapshot
from investiq.operate.supervise.supervisor import Supervisor

__all__ = ["ControlServer"]

_log = structlog.get_logger(__name__)


class ControlServer:
    """Answers requests for `supervisor` while it is entered; on leaving, followers still get the last snapshot.

    Args:
        given: the fingerprint of what the supervisor's configuration was read from.
        report: asks every part how it is, for who was given the same.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        folder: Path,
        given: str | None = None,
        report: Callable[[StackSnapshot], Awaitable[StackReport]] | None = None,
    ) -> None:
        self._supervisor = supervisor
        self._given = given
        self._report = report
        self._socket = folder / SOCKET
        self._sessions: set[asyncio.Task[None]] = set()
        self._held = contextlib.ExitStack()

    async def __aenter__(self) -> None:
        self._socket.unlink(missing_ok=True)  # left by a supervisor that was killed: we hold the lock
        # asyncio looks at the path once more when it closes the socket: the descriptor in it lives as long.
        path = self._held.enter_context(socket_path(self._socket.parent))
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            listener.bind(path)
        finally:
            os.umask(mask)
        self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=LINE_LIMIT)

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        if self._sessions:
            for session in (await asyncio.wait(self._sessions, timeout=2))[1]:
                session.cancel()
        self._socket.unlink(missing_ok=True)
        self._held.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  asyncio runs this in a task of its own
        self._sessions.add(task)
        try:
            request = dict(json.loads(await reader.readline()))
            async with contextlib.aclosing(self._answers(request)) as answers:
                async for answer in answers:
                    writer.write(json.dumps(answer).encode() + b"\n")
                    await writer.drain()
        except (ConnectionError, ValueError, TypeError) as error:
            _log.debug("control_request_dropped", error=str(error))
        finally:
            self._sessions.discard(task)
            writer.close()

    async def _answers(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        part = str(request.get("part", ""))
        try:
            match request.get("do"):
                case "status":
                    yield self._supervisor.snapshot().to_json()
                case "report" if self._report is not None:
                    same = self._given is not None and request.get("given") == self._given
                    yield {"same": same}
                    if same:
                        yield (await self._report(self._supervisor.snapshot())).to_json()
                case "follow" | "stop" as do:
                    if do == "stop":
                        self._supervisor.stop()
                    async for snapshot in self._supervisor.follow():
                        yield snapshot.to_json()
                case "stop_part":
                    await self._supervisor.stop_part(part)
                    yield {"done": True}
                case "start_part":
                    self._supervisor.start_part(part)
                    yield {"done": True}
                case "reload_part":
                    self._supervisor.reload_part(part)
                    yield {"done": True}
                case other:
                    yield {"error": f"unknown request {other!r}"}
        except InvestIQError as error:
            yield {"error": error.message}

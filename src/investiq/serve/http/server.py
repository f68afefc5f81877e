"""Runs an application under uvicorn, one process, with our logs and our bounds, on a port or on inherited sockets."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry import tracing
from investiq.serve.http.connections import (
    MAX_HEADER_BYTES,
    BoundedConnection,
    ConnectionTable,
    Deadlines,
    raise_descriptor_limit,
)

__all__ = ["QuietServer", "serve", "uvicorn_options", "wait_at_gate"]

_START_FAILED = 3  # uvicorn's own
_TICK_SECONDS = 1.0
"""The resolution of the header `Date`."""

_GC_THRESHOLDS = (700, 10, 10)
"""Python's own: the command line has others while it loads."""


class NoListeningSocket(InvestIQError):
    """A descriptor that was to be served on is none of a listening socket."""

    reason = "usage"


def serve(app: ASGIApp, host: str, port: int, descriptors: Sequence[int] = ()) -> None:
    """Serve `app` until SIGTERM or SIGINT; requests in flight get five seconds to end.

    One process only: several workers behind one /metrics would each tell a part of the truth.

    Args:
        descriptors: of inherited listening sockets, served on in place of `host` and `port`.

    Raises:
        NoListeningSocket: one of them is none.
    """
    table = ConnectionTable.for_descriptors(raise_descriptor_limit())
    server = QuietServer(uvicorn.Config(app, host=host, port=port, **uvicorn_options(table, Deadlines())))
    _keep_all()
    gc.set_threshold(*_GC_THRESHOLDS)
    with suppress(KeyboardInterrupt):
        server.run([_inherited(descriptor) for descriptor in descriptors] or None)
    if not server.started:
        sys.exit(_START_FAILED)


class QuietServer(uvicorn.Server):
    """uvicorn, without looking ten times a second whether it is to end: a signal wakes it."""

    def __init__(self, config: uvicorn.Config, tick_seconds: float = _TICK_SECONDS) -> None:
        super().__init__(config)
        self._tick_seconds = tick_seconds
        self._ending = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """What the application makes while it starts stays as well: its routes are as many objects as all our code."""
        await super().startup(sockets)
        _keep_all()

    async def main_loop(self) -> None:
        """Keep the header `Date` true until the end is asked for."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._tick_seconds)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, and hand over the last spans: after this, uvicorn lets the signal end the process."""
        await super().shutdown(sockets)
        tracing.shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by Python for a signal, between any two lines of the event loop."""
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ending.set)


def _keep_all() -> None:
    """What was made until now stays. Python would look through it again and again, and no request is served then."""
    gc.collect()
    gc.freeze()


def uvicorn_options(table: ConnectionTable, deadlines: Deadlines) -> dict[str, Any]:
    """How every server of ours runs, wherever it listens."""
    return {
        "http": partial(BoundedConnection, table=table, deadlines=deadlines),
        "h11_max_incomplete_event_size": MAX_HEADER_BYTES,
        "ws": "none",
        "backlog": 256,  # all of a burst are accepted before one can be refused
        "log_config": None,  # our own JSON logs
        "access_log": False,
        # By default uvicorn believes X-Forwarded-For from loopback: the client would choose the address that we see.
        "proxy_headers": False,
        "server_header": False,
        "timeout_graceful_shutdown": 5,
        "timeout_keep_alive": 75,
    }


def wait_at_gate(descriptor: int) -> None:
    """Wait until it is this process's turn, which the inherited pipe says.

    Raises:
        SystemExit: whoever started it will not let it begin.
    """
    with os.fdopen(descriptor, "rb", buffering=0) as gate:
        if not gate.read(1):
            sys.exit(_START_FAILED)


def _inherited(descriptor: int) -> socket.socket:
    try:
        os.set_inheritable(descriptor, False)  # it is for this process, not for those that it may start
        found = socket.socket(fileno=descriptor)
        if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return found
        found.detach()
    except OSError as error:
        raise NoListeningSocket(f"descriptor {descriptor} cannot be served on: {error.strerror}") from error
    raise NoListeningSocket(f"descriptor {descriptor} is no listening socket")

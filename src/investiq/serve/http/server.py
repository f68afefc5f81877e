"""Runs an application under uvicorn, one process, with our logs."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from investiq.foundation.errors import InvestIQError

__all__ = ["serve"]

_START_FAILED = 3  # uvicorn's own
_CLOSE_WAIT = 8  # tcp_states.h: the other end has closed


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
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=_Protocol,
        log_config=None,  # our own JSON logs
        access_log=False,
        # By default uvicorn believes X-Forwarded-For from loopback: the client would choose the address that we see.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run([_inherited(descriptor) for descriptor in descriptors] or None)
    if not server.started:
        sys.exit(_START_FAILED)


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Closes a connection whose client has gone: a request that waited for a restart must not be obeyed long after
    whoever sent it gave up.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        if _has_gone(transport.get_extra_info("socket")):
            transport.abort()


def _has_gone(connection: socket.socket) -> bool:
    if not hasattr(socket, "TCP_INFO") or connection.family == socket.AF_UNIX:
        return False
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _CLOSE_WAIT


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

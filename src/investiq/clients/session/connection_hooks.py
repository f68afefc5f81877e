"""How the HTTP library is made to look at each new connection before it sends anything over it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2

from investiq.clients.session.errors import ClientError

__all__ = ["async_hooks", "blocking_hooks"]

_CONNECTED = "connection.connect_tcp.complete"

Check = Callable[[tuple[str, int], tuple[str, int]], None]
"""Of the two ends of a connection, the server's first."""


def blocking_hooks(check: Check) -> Mapping[str, list[Callable[[httpx2.Request], None]]]:
    """`event_hooks` of a client that waits for its answers."""

    def watch(name: str, info: Mapping[str, Any]) -> None:
        if name == _CONNECTED:
            stream = info["return_value"]
            try:
                check(*_ends(stream))
            except (ClientError, httpx2.ConnectError):
                stream.close()
                raise

    return {"request": [lambda request: _watch_with(request, watch)]}


def async_hooks(check: Check) -> Mapping[str, list[Callable[[httpx2.Request], Awaitable[None]]]]:
    """The same for a client whose requests are awaited."""

    async def watch(name: str, info: Mapping[str, Any]) -> None:
        if name == _CONNECTED:
            stream = info["return_value"]
            try:
                check(*_ends(stream))
            except (ClientError, httpx2.ConnectError):
                await stream.aclose()
                raise

    async def hook(request: httpx2.Request) -> None:
        _watch_with(request, watch)

    return {"request": [hook]}


def _watch_with(request: httpx2.Request, watch: object) -> None:
    if request.url.scheme == "http":
        request.extensions = {**request.extensions, "trace": watch}


def _ends(stream: Any) -> tuple[tuple[str, int], tuple[str, int]]:
    try:
        server, client = stream.get_extra_info("server_addr"), stream.get_extra_info("client_addr")
    except OSError:
        server = client = None
    if not server or not client:  # reset already, as by a supervisor whose part is held
        raise httpx2.ConnectError("the connection was reset")
    return server[:2], client[:2]

"""Asks an application through ASGI in this process: no sockets and no client, so only the application is measured."""

from __future__ import annotations

import gc
import time

from starlette.types import ASGIApp, Message, Scope

__all__ = ["get", "microseconds"]


async def get(app: ASGIApp, path: str, query: str = "", *, method: str = "GET", expect: int | None = 200) -> bytes:
    """The body of the answer, whose status must be `expect` unless that is None."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1:3000"), (b"accept", b"*/*")],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 3000),
    }
    body: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert expect in (None, message["status"]), message
        else:
            body.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(body)


async def microseconds(app: ASGIApp, path: str, requests: int, query: str = "") -> float:
    """Mean processor time of a request, one after the other; what other programs do meanwhile is not in it."""
    gc.collect()
    started = time.process_time()
    for _ in range(requests):
        await get(app, path, query)
    return (time.process_time() - started) / requests * 1e6

"""What one connection, and all together, may cost: on a real uvicorn, with deadlines of fractions of a second.

What is used of uvicorn's `H11Protocol` is called here as uvicorn calls it: a version that does otherwise fails here.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.http import HostPolicy, MonitoringAccess, create_server
from investiq.serve.http.connections import ConnectionTable, Deadlines, raise_descriptor_limit
from investiq.serve.http.server import uvicorn_options

SHORT = Deadlines(first_byte=0.2, headers=0.2, body=0.2, reading=0.2)
LONG = Deadlines(first_byte=60, headers=60, body=60, reading=60)
ROOMY = (1_000, 1_000)
HELLO = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
BEGUN = b"GET /hello HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
LARGE = 8_000_000
"""More than the buffers of both ends hold."""


class Running:
    """A server of ours in this event loop."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.release = asyncio.Event()

    async def connect(self, sent: bytes = b"", **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, **options)
        writer.write(sent)
        return reader, writer

    async def answer(self, sent: bytes) -> bytes:
        """All that comes back until the server closes."""
        reader, writer = await self.connect(sent)
        with closing(writer):
            return await asyncio.wait_for(reader.read(), 20)


@asynccontextmanager
async def running(deadlines: Deadlines, most: tuple[int, int] = ROOMY) -> AsyncIterator[Running]:
    listener = socket.create_server(("127.0.0.1", 0))
    served = Running(listener.getsockname()[1])
    options = uvicorn_options(ConnectionTable(*most), deadlines)
    server = uvicorn.Server(uvicorn.Config(_app(served), **{**options, "timeout_graceful_shutdown": 1}))
    task = asyncio.create_task(server._serve([listener]))  # not `serve`: signals belong to pytest
    while not server.started:
        assert not task.done()
        await asyncio.sleep(0.01)
    try:
        yield served
    finally:
        served.release.set()
        server.should_exit = True
        await task


def _app(served: Running) -> FastAPI:
    app = create_server(
        "test",
        metrics=Metrics(Part.WEB),
        access=MonitoringAccess(Part.WEB, ApiConfig()),
        hosts=HostPolicy("127.0.0.1"),
        max_body_bytes=LARGE,
        health=lambda: {"status": "ok"},
    )

    @app.get("/hello")
    async def hello() -> PlainTextResponse:
        return PlainTextResponse("hello")

    @app.get("/slow")
    async def slow() -> PlainTextResponse:
        await served.release.wait()
        return PlainTextResponse("at last")

    @app.get("/large")
    async def large() -> PlainTextResponse:
        return PlainTextResponse("x" * LARGE)

    @app.post("/items")
    async def items(item: dict[str, int]) -> dict[str, int]:
        return item

    return app


def problem(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = head.lower().split(b"\r\n")
    assert b"content-type: application/problem+json" in fields
    assert {b"connection: close", b"cache-control: no-store", b"x-content-type-options: nosniff"} <= set(fields)
    return int(head.split()[1]), json.loads(body)["reason"]


async def test_headers_without_end_are_refused() -> None:
    async with running(LONG) as server:
        assert problem(await server.answer(BEGUN + b"x" * 33_000)) == (400, "bad_request")
        assert problem(await server.answer(b"GET /" + b"x" * 33_000)) == (400, "bad_request")
        assert problem(await server.answer(b"this is not HTTP\r\n\r\n")) == (400, "bad_request")


async def test_who_sends_nothing_or_dawdles_is_let_go() -> None:
    async with running(SHORT) as server:
        assert await server.answer(b"") == b""
        assert problem(await server.answer(BEGUN)) == (408, "request_timeout")
        post = (
            b"POST /items HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        )
        assert problem(await server.answer(post)) == (408, "request_timeout")


async def test_a_byte_now_and_then_does_not_move_the_deadline() -> None:
    async with running(SHORT) as server:
        reader, writer = await server.connect(BEGUN)
        head = asyncio.create_task(reader.readuntil(b"\r\n"))  # what comes behind it may meet the reset for our bytes
        while not head.done():
            writer.write(b"x")
            await asyncio.sleep(0.01)
        assert (await head).split()[1] == b"408"


async def test_who_does_not_read_the_answer_is_let_go() -> None:
    async with running(SHORT) as server:
        reader, writer = await server.connect(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n", limit=1)
        await asyncio.sleep(1)  # what is not there must not come later
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await reader.readexactly(LARGE)
        writer.close()


async def test_a_slow_answer_of_ours_is_waited_for() -> None:
    async with running(SHORT) as server:
        reader, writer = await server.connect(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await asyncio.sleep(0.5)
        server.release.set()
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_an_idle_connection_may_stay_for_the_next_request() -> None:
    async with running(SHORT) as server:
        reader, writer = await server.connect()
        for _ in range(2):
            writer.write(HELLO)
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.3)
        writer.close()


@pytest.mark.parametrize("most", [(20, 1_000), (1_000, 20)], ids=["in all", "of a peer"])
@pytest.mark.parametrize("sent", [b"", BEGUN, HELLO], ids=["silent", "half a request", "idle"])
async def test_a_crowd_that_waits_keeps_nobody_out(most: tuple[int, int], sent: bytes) -> None:
    async with running(LONG, most) as server:
        crowd = [await server.connect(sent) for _ in range(60)]
        request = HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        assert (await server.answer(request)).endswith(b"hello")
        for _, writer in crowd:
            writer.close()


async def test_half_requests_go_before_connections_that_are_in_use() -> None:
    async with running(LONG, (1_000, 10)) as server:
        reader, writer = await server.connect(HELLO)
        await reader.readuntil(b"hello")
        crowd = [await server.connect(BEGUN) for _ in range(40)]
        writer.write(HELLO)
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        for _, one in [*crowd, (reader, writer)]:
            one.close()


async def test_what_is_being_answered_is_never_closed_for_another() -> None:
    async with running(LONG, (1_000, 3)) as server:
        slow = [await server.connect(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(3)]
        while True:  # until all three are being answered, the fourth may take a place
            reader, writer = await server.connect(HELLO)
            try:
                refused = await reader.read() == b""
            except ConnectionResetError:
                refused = True
            writer.close()
            if refused:
                break
        server.release.set()
        answered = [(await reader.readline()).startswith(b"HTTP/1.1 200") for reader, _ in slow]
        assert answered == [True] * 3


async def test_a_websocket_is_not_opened() -> None:
    async with running(LONG) as server:
        upgrade = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        request = HELLO.replace(b"\r\n\r\n", b"\r\n" + upgrade + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        assert b" 101 " not in await server.answer(request)


@pytest.mark.parametrize(
    ("descriptors", "most"), [(resource.RLIM_INFINITY, 1_000), (1_048_576, 1_000), (256, 156), (64, 20)]
)
def test_few_descriptors_mean_few_connections(descriptors: int, most: int) -> None:
    table = ConnectionTable.for_descriptors(descriptors)
    assert (table.most, table.most_of_a_peer) == (most, most // 4)


def test_a_server_may_open_as_much_as_the_system_allows() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, limits[1]), limits[1]))
        assert raise_descriptor_limit() == limits[1]
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == limits[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_uvicorn_has_the_hooks_that_we_build_on() -> None:
    hooks = ["connection_made", "connection_lost", "data_received", "on_response_complete", "pause_writing"]
    hooks += ["resume_writing", "timeout_keep_alive_handler", "send_400_response", "_unsupported_upgrade_warning"]
    hooks += ["_unset_keepalive_if_required"]
    assert all(callable(getattr(H11Protocol, name)) for name in hooks)
    assert list(inspect.signature(H11Protocol).parameters) == ["config", "server_state", "app_state", "_loop"]

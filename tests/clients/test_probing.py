"""One small question by streams alone: what is sent, what comes, and what is no answer. With real sockets."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from investiq.clients.session import ForeignListener, TrustedUsers, probing

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def served(handler: Handler, host: str = "127.0.0.1") -> AsyncIterator[str]:
    async with await asyncio.start_server(handler, host, 0) as server:
        name = f"[{host}]" if ":" in host else host
        yield f"http://{name}:{server.sockets[0].getsockname()[1]}"


def saying(answer: bytes, heard: list[bytes] | None = None) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(request)
        writer.write(answer)
        writer.close()

    return handler


async def asked(handler: Handler, path: str = "/health", **options: Any) -> probing.ProbeAnswer:
    async with served(handler) as url:
        return await probing.get(url + path, **{"trusted": TrustedUsers(), "seconds": 5, **options})


async def test_an_answer_of_any_status_is_one() -> None:
    answer = await asked(saying(b"HTTP/1.1 503 Service Unavailable\r\nX: y\r\n\r\n{}"))
    assert (answer.status, answer.text) == (503, "{}")


async def test_path_host_and_secret_are_sent() -> None:
    heard: list[bytes] = []
    await asked(saying(b"HTTP/1.0 200 OK\r\n\r\n", heard), "/a?b=c", authorization="Bearer secret")
    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "GET /a?b=c HTTP/1.0"
    assert lines[1].startswith("Host: 127.0.0.1:")
    assert "Authorization: Bearer secret" in lines


async def test_ipv6_is_dialled() -> None:
    heard: list[bytes] = []
    async with served(saying(b"HTTP/1.0 200 OK\r\n\r\nwell", heard), "::1") as url:
        answer = await probing.get(url, trusted=TrustedUsers(), seconds=5)
    assert answer.text == "well"
    assert b"Host: [::1]:" in heard[0]


async def test_a_stranger_is_sent_nothing() -> None:
    heard: list[bytes] = []
    with pytest.raises(ForeignListener):
        await asked(saying(b"HTTP/1.0 200 OK\r\n\r\n", heard), trusted=TrustedUsers(always=frozenset()))
    assert not heard


@pytest.mark.parametrize("said", [b"220 mail ESMTP\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_another_protocol_is_no_answer(said: bytes) -> None:
    with pytest.raises(probing.NotHttp):
        await asked(saying(said))


async def test_silence_and_nobody_are_told_apart() -> None:
    with pytest.raises(ConnectionError):
        await asked(saying(b""))
    async with served(saying(b"")) as url:
        pass
    with pytest.raises(ConnectionError):
        await probing.get(url, trusted=TrustedUsers(), seconds=5)


async def test_an_answer_that_drips_in_is_late() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            pass

    with pytest.raises(TimeoutError):
        await asked(drip, seconds=0.2)


async def test_an_answer_without_end_is_none() -> None:
    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        except ConnectionError:
            pass

    with pytest.raises(probing.NotHttp, match="longer than"):
        await asked(flood)


def test_status_and_supervisor_do_not_load_the_http_library() -> None:
    """It would be a third of the time that `investiq status` takes, and ten megabytes of the supervisor."""
    code = "import sys, investiq.cli.status, investiq.operate.supervise.daemon; sys.exit('httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

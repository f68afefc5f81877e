"""A server on a socket that it inherits: who waited for it is answered, and who gave up is not obeyed any more."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from investiq.foundation.errors import InvestIQError
from investiq.serve.http import serve
from investiq.serve.http.server import QuietServer
from tests.serve.http.served import app


@contextmanager
def served(listener: socket.socket, log: Path) -> Iterator[None]:
    descriptor = listener.fileno()
    command = [sys.executable, "-m", "tests.serve.http.served", str(descriptor), str(log)]
    with subprocess.Popen(command, pass_fds=[descriptor]) as server:
        try:
            yield
        finally:
            server.terminate()


def sent(listener: socket.socket, path: str) -> socket.socket:
    client = socket.create_connection(listener.getsockname(), timeout=20)
    client.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n".encode())
    return client


def test_a_request_whose_sender_gave_up_while_the_server_was_down_is_not_obeyed_later(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sent(listener, "/given-up").close()
        with sent(listener, "/waits") as waits, served(listener, log):
            assert waits.recv(1000).startswith(b"HTTP/1.1 200 ")
            with sent(listener, "/later") as later:
                assert later.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert log.read_text().splitlines() == ["/waits", "/later"]


@pytest.mark.parametrize(("kind", "said"), [("file", "cannot be served on"), ("client", "is no listening socket")])
def test_what_is_no_listening_socket_is_named(tmp_path: Path, kind: str, said: str) -> None:
    with socket.socket() as client, (tmp_path / "file").open("w") as file:
        descriptor = os.dup(client.fileno() if kind == "client" else file.fileno())
        with pytest.raises(InvestIQError, match=rf"descriptor {descriptor} {said}"):
            serve(app, "127.0.0.1", 0, [descriptor])
        os.close(descriptor)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_sleeps_until_it_is_to_end(sign: signal.Signals) -> None:
    async def ended_by_a_signal() -> None:
        server = QuietServer(uvicorn.Config(app), tick_seconds=3600)
        with server.capture_signals():
            serving = asyncio.create_task(server.main_loop())
            await asyncio.sleep(0)
            assert not serving.done()
            os.kill(os.getpid(), sign)
            await asyncio.wait_for(serving, 20)
            server._captured_signals.clear()  # which would be raised again, for who started the server

    asyncio.run(ended_by_a_signal())


def test_what_an_application_makes_while_it_starts_is_not_looked_through_again(tmp_path: Path) -> None:
    """A full collection of it all would keep every request waiting."""
    script = tmp_path / "many.py"
    script.write_text(
        "import gc, os, signal\n"
        "from investiq.serve.http import serve\n"
        "made = []\n"
        "async def app(scope, receive, send):\n"
        "    await receive()\n"
        "    made.extend([] for _ in range(50_000))\n"
        "    await send({'type': 'lifespan.startup.complete'})\n"
        "    await receive()\n"
        "    print(len(gc.get_objects()) < 50_000)\n"
        "    await send({'type': 'lifespan.shutdown.complete'})\n"
        "from investiq.serve.http.server import QuietServer\n"
        "startup = QuietServer.main_loop\n"
        "async def ended(server):\n"
        "    server.should_exit = True\n"
        "    await startup(server)\n"
        "QuietServer.main_loop = ended\n"
        "serve(app, '127.0.0.1', 0)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "True\n", done.stderr

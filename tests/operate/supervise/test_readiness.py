"""Health checks against real servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from investiq.operate.supervise.parts import HealthProbe
from investiq.operate.supervise.readiness import ProbeResult, ask
from tests.ports import free_port

Serve = Callable[[int, bytes], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers = []

    def start(status: int, body: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/health"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


async def asked(url: str, seconds: float = 5) -> ProbeResult:
    return await ask(HealthProbe(url, '"status"'), seconds=seconds)


async def test_the_right_answer_is_well(serve: Serve) -> None:
    health = await asked(serve(200, b'{"status": "ok"}'))
    assert (health.well, health.answered, health.detail) == (True, True, "")


async def test_an_error_is_told_with_what_it_says(serve: Serve) -> None:
    health = await asked(serve(503, b'{"status": "down"}'))
    assert (health.well, health.answered, health.detail) == (False, True, 'answers 503: {"status": "down"}')


async def test_of_a_server_of_ours_only_what_is_down_is_told(serve: Serve) -> None:
    body = (
        b'{"status": "down", "dependencies": {"database": {"status": "up", "error": null}, '
        b'"market_data": {"status": "down", "error": "no new price for 30000 s of open market"}}}'
    )
    health = await asked(serve(503, body))
    assert health.detail == "answers 503: market_data is down (no new price for 30000 s of open market)"


async def test_another_program_on_the_port_is_not_taken_for_the_part(serve: Serve) -> None:
    health = await asked(serve(200, b"<html>nginx</html>"))
    assert not health.well
    assert "something else answers there" in health.detail


async def test_nobody_there_is_a_finding() -> None:
    health = await asked(f"http://127.0.0.1:{free_port()}/health")
    assert (health.well, health.answered, health.detail) == (False, False, "nothing answers")


async def test_a_server_that_hangs_is_a_finding() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        health = await asked(f"http://127.0.0.1:{server.getsockname()[1]}/health", seconds=0.1)
    assert (health.well, health.detail) == (False, "no answer in time")


async def test_a_proxy_in_the_environment_is_not_asked(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert (await asked(serve(200, b'{"status": "ok"}'))).well

"""`investiq health URL`: one question, an exit code, and a sentence."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from investiq.cli.exit_codes import ExitCode
from tests.cli.test_main import run


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = int(self.path.strip("/"))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b'{"status": "degraded"}' if status == 200 else b"no\x1b[31m")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_server_that_answers_2xx_is_well(url: str) -> None:
    result = run("health", f"{url}/200")
    assert (result.code, "degraded" in result.out) == (ExitCode.DONE, True)


@pytest.mark.parametrize("status", ["503", "401", "302"])
def test_any_other_answer_is_a_finding(url: str, status: str) -> None:
    result = run("health", f"{url}/{status}")
    assert (result.code, status in result.out, "\x1b" in result.out) == (ExitCode.FINDINGS, True, False)


def test_nobody_there_is_not_running() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        result = run("health", f"http://127.0.0.1:{held.getsockname()[1]}/health")
    assert (result.code, "nothing answers" in result.out) == (ExitCode.NOT_RUNNING, True)


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = run("health", f"http://127.0.0.1:{silent.getsockname()[1]}/health", "--timeout", "0.2")
    assert result.code == ExitCode.TIMED_OUT


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:3000", "https://x/health", "http://", "http://u:p@h/x", "http://h:99999/", "http://h/a b"]
)
def test_what_is_no_address_is_wrong_usage(url: str) -> None:
    assert run("health", url).code == ExitCode.USAGE


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "61"])
def test_a_time_limit_has_bounds(seconds: str) -> None:
    assert run("health", "http://127.0.0.1/", "--timeout", seconds).code == ExitCode.USAGE

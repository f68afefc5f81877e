"""Programs over restored data, on a machine where others take ports too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from investiq.operate.backup import scratch
from investiq.operate.backup.scratch import scratch_alertmanager
from tests.ports import free_ports

pytestmark = pytest.mark.e2e


def test_whoever_has_taken_its_port_is_not_asked_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    with impostor(asked) as port:
        ports: Iterator[int] = iter([port, *free_ports(1)])
        monkeypatch.setattr(scratch, "_free_port", lambda: next(ports))
        (tmp_path / "data").mkdir()
        with scratch_alertmanager(tmp_path / "data", tmp_path) as alertmanager:

            async def silences() -> int:
                async with alertmanager:
                    return len(await alertmanager.all_silences())

            assert asyncio.run(silences()) == 0
    assert asked == [], "not even the password was sent there"


@contextmanager
def impostor(asked: list[str]) -> Iterator[int]:
    """A server that says that it is ready, whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"OK")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

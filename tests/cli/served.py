"""The API as the command line meets it: the real application on a loopback port, a real ledger, a clock that stands."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import uvicorn

from investiq.foundation.config import Paths
from tests.serve.api.installation import Installation, install

__all__ = ["Served", "serve_api", "serve_silence"]

_PATIENCE_SECONDS = 60.0


class Served:
    """A running API, and its data."""

    def __init__(self, installation: Installation, port: int) -> None:
        self.installation = installation
        self.port = port

    @property
    def data(self) -> Path:
        return self.installation.config.data_dir

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which the command line finds this API and its admin key."""
        return {"INVESTIQ_DATA_DIR": str(self.data), "INVESTIQ_API_PORT": str(self.port)}

    @property
    def agent_key(self) -> str:
        return Paths.of(self.installation.config).agent_key.read_text("ascii").strip()

    def go_on(self, to: datetime) -> None:
        """Let market time be `to`, and let the desk see it."""
        self.installation.clock.current = to
        self.installation.parts.desk.tick()


@contextmanager
def serve_api(data_dir: Path) -> Iterator[Served]:
    """An API on new data, from when it answers. Its thread shares stdout with the command line: see to its logs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        installation = install(data_dir)
        server = uvicorn.Server(uvicorn.Config(installation.app, log_config=None))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not server.started:
            assert thread.is_alive(), "the API ended before it answered"
            assert time.monotonic() < deadline, "the API does not start"
            time.sleep(0.01)
        yield Served(installation, listener.getsockname()[1])
        server.should_exit = True
        thread.join(_PATIENCE_SECONDS)


@contextmanager
def serve_silence() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])

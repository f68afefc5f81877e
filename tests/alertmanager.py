"""A real Alertmanager with a document of the test, and a receiver that keeps what it is sent."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import yaml

from investiq.operate.supervise import programs
from tests.ports import free_port

__all__ = ["Alertmanager", "Receiver", "alert", "alertmanager", "eventually", "posted", "receiver"]

DEADLINE_SECONDS = 60

Value = TypeVar("Value")


@dataclass
class Receiver:
    """What a webhook was sent: Alertmanager's documents, in the order of their arrival."""

    url: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)

    def arrived(self, status: str = "firing") -> list[dict[str, str]]:
        """The labels of each alert that came with this status, each time that it came."""
        return [
            one["labels"] for message in list(self.messages) for one in message["alerts"] if one["status"] == status
        ]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a group each, all at once: with the usual five, connections wait for seconds


@contextmanager
def receiver(first_takes: float = 0.0) -> Iterator[Receiver]:
    """A webhook on a port of its own, which may take so many seconds to answer the first message."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.messages.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            if len(kept.messages) == 1:
                time.sleep(first_takes)  # the delay itself is what is tested
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/webhook"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Alertmanager:
    """One that runs."""

    port: int
    client: httpx2.Client

    def post(self, *alerts: Mapping[str, Any]) -> None:
        """Let alerts fire, or end, as Prometheus would."""
        self.client.post("/api/v2/alerts", json=list(alerts)).raise_for_status()


@contextmanager
def alertmanager(document: Mapping[str, Any], folder: Path, external_url: str | None = None) -> Iterator[Alertmanager]:
    """Start it with `document` as alertmanager.yml in `folder`, beside the other files that are there already."""
    program = programs.find_all()["alertmanager"]
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(dict(document), sort_keys=False), encoding="utf-8")
    command = [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.external-url={external_url or base_url}",
        "--web.route-prefix=/",
        "--cluster.listen-address=",
    ]
    with (
        (folder / "log").open("w") as log,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            eventually(lambda: _ready(client), (folder / "log").read_text)
            yield Alertmanager(port, client)
        finally:
            process.terminate()
            process.wait(20)


def alert(name: str, /, **labels: str) -> dict[str, Any]:
    """An alert that fires, as Prometheus posts it."""
    return posted({"alertname": name, **labels})


def posted(
    labels: Mapping[str, str], *, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    """The alert with these labels, as Prometheus posts it; with an `until` that is over it is resolved."""
    now = datetime.now(UTC)
    return {
        "labels": dict(labels),
        "annotations": {"summary": f"{labels['alertname']} happened"},
        "startsAt": (since or now - timedelta(minutes=1)).isoformat(),
        "endsAt": (until or now + timedelta(minutes=5)).isoformat(),
    }


def eventually(look: Callable[[], Value], tell: Callable[[], object] = lambda: "it never came") -> Value:
    """What `look` gives once that is something."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (seen := look()):
        assert time.monotonic() < deadline, tell()
        time.sleep(0.02)
    return seen


def _ready(client: httpx2.Client) -> bool:
    try:
        return client.get("/-/ready").is_success
    except httpx2.HTTPError:
        return False

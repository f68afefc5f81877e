"""The API is killed: the page for it, and for nothing else, arrives in the inbox; after the restart it resolves.

The unmodified rules with their real `for`, the real programs, the real supervisor: what an operator would see.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest

from investiq.monitoring.routing import TEST_ALERT

pytestmark = pytest.mark.e2e

T = TypeVar("T")

PORTS = (
    "API_PORT",
    "SIGNALS_PORT",
    "WEB_PORT",
    "INBOX_PORT",
    "MONITORING_PROMETHEUS_PORT",
    "MONITORING_ALERTMANAGER_PORT",
    "MONITORING_BLACKBOX_PORT",
    "MONITORING_NODE_PORT",
)
UP_SECONDS = 300  # a first start trains the model
PAGE_SECONDS = 150  # one minute of patience, two rounds of ten seconds, and a slow machine
QUIET_SECONDS = 200  # the longest `for` of what a dead API could still set off, two minutes, and delivery


@dataclass
class Stack:
    """A whole InvestIQ on ports and a folder of its own, driven by its command line."""

    environment: dict[str, str]
    client: httpx2.Client

    def run(self, *arguments: str, seconds: float = 60) -> str:
        """The stdout of an `investiq` command that must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "investiq", "--no-input", *arguments],
            env=self.environment,
            cwd=self.environment["INVESTIQ_DATA_DIR"],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"investiq {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def part(self, name: str) -> dict[str, Any]:
        """What `investiq status` says of a part, whether or not all of them are well."""
        command = [sys.executable, "-m", "investiq", "status", "--json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        parts: list[dict[str, Any]] = json.loads(done.stdout)["parts"]
        return next(part for part in parts if part["name"] == name)

    def notifications(self) -> list[dict[str, Any]]:
        """What is in the inbox, without the test alert of `up`."""
        rows = self._get("INBOX_PORT", "/api/notifications?limit=1000")["notifications"]
        return [row for row in rows if row["alertname"] != TEST_ALERT]

    def alerts(self, state: str) -> set[str]:
        """The names of the alerts that Prometheus has in a state."""
        alerts = self._get("MONITORING_PROMETHEUS_PORT", "/api/v1/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == state}

    def _get(self, port: str, path: str) -> Any:
        url = f"http://127.0.0.1:{self.environment[f'INVESTIQ_{port}']}{path}"
        return self.client.get(url).raise_for_status().json()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    environment = {**os.environ, "INVESTIQ_DATA_DIR": str(tmp_path), "NO_COLOR": "1", **_free_ports()}
    with httpx2.Client(timeout=5, trust_env=False) as client:
        stack = Stack(environment, client)
        try:
            stack.run("up", "--detach", "--no-restart", "api", seconds=UP_SECONDS)
            yield stack
        finally:
            stack.run("down")


def _free_ports() -> dict[str, str]:
    """Eight ports at once: one by one, the system could give the same one twice."""
    with ExitStack() as sockets:
        listeners = [sockets.enter_context(socket.socket()) for _ in PORTS]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        ports = [str(listener.getsockname()[1]) for listener in listeners]
    return {f"INVESTIQ_{name}": port for name, port in zip(PORTS, ports, strict=True)}


def _awaited(what: str, seconds: float, condition: Callable[[], T]) -> tuple[T, float]:
    """The first true answer of `condition`, and the seconds until it came."""
    started = time.monotonic()
    while not (answer := condition()):
        assert time.monotonic() - started < seconds, f"after {seconds} s still no {what}"
        time.sleep(0.25)
    return answer, time.monotonic() - started


def test_a_killed_api_pages_for_itself_alone_and_resolves_after_the_restart(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    _awaited(
        "quiet before the fault", 60, lambda: not stack.alerts("pending") and stack.alerts("firing") == {"Watchdog"}
    )
    assert stack.notifications() == []

    os.kill(stack.part("api")["pid"], signal.SIGKILL)
    _, page_seconds = _awaited("page", PAGE_SECONDS, stack.notifications)
    _awaited("end of what is pending", QUIET_SECONDS, lambda: not stack.alerts("pending"))
    pages = stack.notifications()
    assert [(page["alertname"], page["labels"]["service"], page["status"]) for page in pages] == [
        ("ServiceDown", "investiq-api", "firing")
    ]
    assert pages[0]["severity"] == "critical"
    assert stack.part("api")["state"] == "crashed", "nobody restarted it meanwhile"

    stack.run("up", "api")
    resolved, resolved_seconds = _awaited("resolution", PAGE_SECONDS, lambda: stack.notifications()[:-1])
    assert [(row["alertname"], row["status"]) for row in resolved] == [("ServiceDown", "resolved")]
    with capsys.disabled():
        measured = f"page {page_seconds:.0f} s after SIGKILL, resolved {resolved_seconds:.0f} s after the restart"
        print(f"\nServiceDown: {measured}")  # noqa: T201  the measurement is what this test is for

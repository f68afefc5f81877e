"""A whole InvestIQ of its own: real programs, free ports, a data_dir that goes with the test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import psutil

from investiq.cli.exit_codes import ExitCode
from investiq.clients.session import HttpCredentials
from investiq.clients.session.credentials import tls_context
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.monitoring.routing.routes import TEST_ALERT
from tests.ports import free_ports

__all__ = ["Done", "Stack", "awaited"]

T = TypeVar("T")

# Part -> the variable that sets its port.
PORT_VARIABLES = {
    "api": "INVESTIQ_API_PORT",
    "signals": "INVESTIQ_SIGNALS_PORT",
    "web": "INVESTIQ_WEB_PORT",
    "inbox": "INVESTIQ_INBOX_PORT",
    "agent": "INVESTIQ_AGENT_PORT",
    "prometheus": "INVESTIQ_MONITORING_PROMETHEUS_PORT",
    "alertmanager": "INVESTIQ_MONITORING_ALERTMANAGER_PORT",
    "blackbox": "INVESTIQ_MONITORING_BLACKBOX_PORT",
    "node": "INVESTIQ_MONITORING_NODE_PORT",
}
START_SECONDS = 300.0  # a first start on a busy machine trains the model


@dataclass(frozen=True, slots=True)
class Done:
    """What a user sees of a command that has ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Stack:
    """InvestIQ on a data_dir, driven by its command line and asked over HTTP.

    Args:
        folder: holds the data_dir; commands run there.
        settings: further variables of the environment.
    """

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    _guard: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.data = self.folder / "data"
        self.ports = dict(zip(PORT_VARIABLES, free_ports(len(PORT_VARIABLES)), strict=True))
        ports = {variable: str(self.ports[part]) for part, variable in PORT_VARIABLES.items()}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("INVESTIQ_")}
        self.environment = {
            **inherited,
            "NO_COLOR": "1",
            "INVESTIQ_DATA_DIR": str(self.data),
            **ports,
            **self.settings,
        }

    # ---- its command line ----

    def investiq(self, *arguments: str, seconds: float = 60) -> Done:
        """Run `investiq ARGUMENTS`."""
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "investiq", "--no-input", *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr, time.monotonic() - started)

    def up(self, *options: str) -> Done:
        """`investiq up --detach`, which must succeed."""
        self._guard = self._guard or self._new_guard()
        done = self.investiq("up", "--detach", *options, seconds=START_SECONDS)
        assert done.code == ExitCode.DONE, f"`investiq up` ended with {done.code}\n{done.out}\n{done.err}"
        return done

    def down(self) -> Done:
        """`investiq down`, which must succeed."""
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None
        done = self.investiq("down")
        assert done.code == ExitCode.DONE, f"`investiq down` ended with {done.code}\n{done.out}\n{done.err}"
        return done

    def _new_guard(self) -> subprocess.Popen[bytes]:
        """Stops the stack when this process ends without having done so: a test run may be killed.

        The guard waits for the end of its input, which comes with the end of this process, however that comes.
        """
        return subprocess.Popen(
            ["/bin/sh", "-c", 'cat; exec "$0" -m investiq down', sys.executable],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # out of the reach of Ctrl-C
        )

    def status(self) -> dict[str, Any]:
        """The document of `investiq status --json`, however the parts are."""
        document: dict[str, Any] = self.investiq("status", "--json").json
        return document

    def part(self, name: str) -> dict[str, Any]:
        """What `investiq status` says of one part."""
        return next(part for part in self.status()["parts"] if part["name"] == name)

    def processes(self) -> list[psutil.Process]:
        """The supervisor and all that it started; nothing when it does not run."""
        pid = self.status()["supervisor_pid"]
        if pid is None:
            return []
        supervisor = psutil.Process(pid)
        return [supervisor, *supervisor.children(recursive=True)]

    # ---- its parts ----

    def url(self, part: str, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.ports[part]}{path}"

    def client(self, part: str) -> httpx2.Client:
        """Asks a part, with what it asks for of its own people; the API with no key."""
        process = next(process for process in topology.PROCESSES if process.name == part)
        auth = HttpCredentials.of(process, Config(data_dir=self.data)).auth()
        url = self.url(part, "")
        return httpx2.Client(base_url=url, auth=auth, verify=tls_context(url), timeout=10, trust_env=False)

    def get(self, part: str, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON document at `path` of a part."""
        with self.client(part) as client:
            return client.get(path, params=params).raise_for_status().json()

    def post(self, part: str, path: str, document: object = None) -> None:
        """Post to a part, which must take it."""
        with self.client(part) as client:
            client.post(path, json=document).raise_for_status()

    def targets(self) -> dict[str, set[str]]:
        """Scrape job -> the health of its targets, as Prometheus sees them."""
        jobs: dict[str, set[str]] = {}
        for target in self.get("prometheus", "/api/v1/targets?state=active")["data"]["activeTargets"]:
            jobs.setdefault(target["labels"]["job"], set()).add(target["health"])
        return jobs

    def alerts(self, state: str) -> set[str]:
        """The names of the alerts that are `pending` or `firing` in Prometheus."""
        alerts = self.get("prometheus", "/api/v1/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == state}

    def notifications(self) -> list[dict[str, Any]]:
        """What is in the inbox, newest first, without the test alerts of `up`."""
        rows: list[dict[str, Any]] = self.get("inbox", "/api/notifications?limit=1000")["notifications"]
        return [row for row in rows if row["alertname"] != TEST_ALERT]


def awaited(what: str, seconds: float, condition: Callable[[], T]) -> T:
    """The first true answer of `condition`, which is asked four times a second."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"after {seconds:g} s still no {what}"
        time.sleep(0.25)
    return answer

"""A whole installation of its own, on free ports and in a folder of its own, started and stopped as a user does it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from investiq.foundation.config import Config

__all__ = ["Stack", "Started", "installed"]


@dataclass(frozen=True, slots=True)
class Started:
    """One start.

    Attributes:
        green: seconds from `investiq up` until every part was well.
        proven: until the command returned: by then Prometheus has scraped every target, an alert and a heartbeat have
            arrived, and a symbol is analysed. Prometheus alone takes five to ten seconds to its first scrapes.
    """

    green: float
    proven: float


@dataclass(frozen=True, slots=True)
class Stack:
    """An installation in `folder`; nothing of it runs until it is started."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command of the product, as typed in that folder."""
        command = [sys.executable, "-m", "investiq", "--no-input", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=dict(self.environment), cwd=self.folder
        )

    @contextmanager
    def started(self) -> Iterator[Started]:
        """Running within the block."""
        begun, at = time.monotonic(), time.time()
        try:
            done = self.run("up", "--detach")
            assert done.returncode == 0, done.stdout + done.stderr
            yield Started(self._green_at() - at, time.monotonic() - begun)
        finally:
            self.run("down")

    def processes(self) -> dict[str, psutil.Process]:
        """The running processes by name, the supervisor among them."""
        document = json.loads(self.run("status", "--json").stdout)
        pids = {part["name"]: part["pid"] for part in document["parts"] if part["pid"]}
        return {name: psutil.Process(pid) for name, pid in {**pids, "supervisor": document["supervisor_pid"]}.items()}

    def url(self, setting: str) -> str:
        """Where the part listens whose port that key of investiq.toml is."""
        return f"http://127.0.0.1:{self.environment[_variable(setting)]}"

    def _green_at(self) -> float:
        lines = (self.folder / "logs" / "supervisor.log").read_text("utf-8").splitlines()
        records: list[dict[str, Any]] = [json.loads(line) for line in lines if line.startswith("{")]
        running = [one for one in records if one.get("event") == "stack_phase" and one.get("phase") == "running"]
        return datetime.fromisoformat(running[-1]["timestamp"]).timestamp()


@contextmanager
def installed(**settings: str) -> Iterator[Stack]:
    """An installation of the default settings but for `settings`, written as environment variables without prefix."""
    with TemporaryDirectory() as folder:
        # Of a user: compiled files are kept, settings are the defaults but for the folder of the data.
        plain = {name: value for name, value in os.environ.items() if not name.startswith("INVESTIQ_")}
        plain.pop("PYTHONDONTWRITEBYTECODE", None)
        ours = {f"INVESTIQ_{name.upper()}": value for name, value in settings.items()}
        yield Stack(Path(folder), {**plain, **_free_ports(), **ours, "INVESTIQ_DATA_DIR": folder, "NO_COLOR": "1"})


def _free_ports() -> dict[str, str]:
    """Ports of its own for each part, so that a stack that runs already is left alone."""
    with ExitStack() as held:
        taken = {key: held.enter_context(socket.create_server(("127.0.0.1", 0))) for key in Config().ports()}
        return {_variable(key): str(one.getsockname()[1]) for key, one in taken.items()}


def _variable(setting: str) -> str:
    return f"INVESTIQ_{setting.upper().replace('.', '_')}"

"""`investiq serve api` and `investiq serve signals` as processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx2

__all__ = ["PATIENCE", "Servers", "wait_for"]

SERVE = "import sys; from investiq.cli import entry_point; sys.argv = ['investiq', 'serve', sys.argv[1]]; entry_point()"
PATIENCE = 120.0


@dataclass
class Servers:
    """The two servers, each on a port of its own."""

    data: Path
    api_port: int
    signals_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def start(self, part: str, url: str, **more: str) -> subprocess.Popen[bytes]:
        """Start `part`, with `more` in its environment, and return once `url` answers."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("INVESTIQ_")}
        environment = {
            **inherited,
            "INVESTIQ_DATA_DIR": str(self.data),
            "INVESTIQ_API_PORT": str(self.api_port),
            "INVESTIQ_SIGNALS_PORT": str(self.signals_port),
            "INVESTIQ_SIGNALS_TIMEOUT_SECONDS": "20",
            "INVESTIQ_ANALYSIS_TIMEOUT_SECONDS": "30",
            "INVESTIQ_TRADING_REQUIRE_MONITORING": "false",  # none runs beside these two
            **more,
        }
        with (self.data.parent / f"{part}.log").open("ab") as log:
            command = [sys.executable, "-c", SERVE, part]
            process = subprocess.Popen(command, env=environment, cwd=self.data.parent, stderr=log)
        wait_for(url, process)
        return process

    def start_api(self, **more: str) -> subprocess.Popen[bytes]:
        """Start the API."""
        return self.start("api", f"{self.url}/health", **more)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once `url` answers 200."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server of {url} ended with {process.returncode}"
        try:
            if httpx2.get(url, trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"{url} did not answer 200")

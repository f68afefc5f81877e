"""Schemathesis against a server of ours: what its OpenAPI description says, tried with what it allows and forbids."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.serve.api.servers import Servers

__all__ = ["Tried", "running_api", "tried"]

HOOKS = "tests.serve.api.schemathesis_hooks"
# DELETE cancels an order, which stays in the ledger: it can be read for ever.
CHECKS = ("--checks", "all", "--exclude-checks", "use_after_free")


@dataclass(frozen=True)
class Tried:
    """How a run ended."""

    code: int
    output: str

    @property
    def cases(self) -> int:
        """How many requests were made up."""
        found = re.search(r"(\d+) generated", self.output)
        return int(found[1]) if found else 0


@contextmanager
def running_api(folder: Path) -> Iterator[Servers]:
    """The API as a process, without limits on the number of requests."""
    servers = Servers(folder / "data", free_port(), free_port())
    process = servers.start_api(INVESTIQ_API_REQUESTS_PER_MINUTE="10000000", INVESTIQ_API_TRADES_PER_MINUTE="10000000")
    try:
        yield servers
    finally:
        process.terminate()
        process.wait(20)


def tried(servers: Servers, *options: str) -> Tried:
    """Run schemathesis to its end, with the admin key."""
    key = (servers.data / "keys" / "admin.key").read_text("utf-8").strip()
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{servers.url}/openapi.json"]
    arguments = ["-H", f"Authorization: Bearer {key}", "--warnings", "off", "--no-shrink", *CHECKS, *options]
    root = Path(__file__).parents[3]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, cwd=servers.data.parent, env=environment, check=False
    )
    return Tried(done.returncode, done.stdout + done.stderr)

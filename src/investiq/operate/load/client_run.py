"""Locust as a child process: started, listened to, stopped in time, and what it measured."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from investiq.foundation.errors import InvestIQError
from investiq.operate.load.record import RunRecord
from investiq.operate.load.settings import VARIABLE, ChildSettings
from investiq.operate.supervise.child import Child

__all__ = ["REPORT", "ClientFailed", "LoadPlan", "LocustMissing", "require_locust", "run_client"]

STOP_SECONDS = 15
"""How long requests under way may take to end; the time limit of one is 10."""

REPORT = "report.html"

_SPAWN_SECONDS = 1
"""Which Locust takes, of its run time, before the first user asks."""

_END_SECONDS = STOP_SECONDS + 15

Tell = Callable[[dict[str, Any]], None]


class LocustMissing(InvestIQError):
    """Locust is not installed."""

    reason = "not_installed"


class ClientFailed(InvestIQError):
    """Locust ended without a record of what it did."""

    reason = "load_client"


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What Locust is asked to do.

    Attributes:
        user: class of the locustfile.
        seconds: until it stops by itself.
        page_port: of its page; None runs without one.
        html: whether it writes its own report, to the file `REPORT` of its folder.
    """

    user: str
    users: int
    seconds: float
    page_port: int | None = None
    html: bool = False

    def arguments(self, log: Path) -> list[str]:
        """For Locust's command line."""
        shown = [
            *(
                "--users",
                str(self.users),
                "--spawn-rate",
                str(self.users),
                "--run-time",
                f"{max(1, round(self.seconds)) + _SPAWN_SECONDS}s",
            ),
            *("--stop-timeout", str(STOP_SECONDS), "--logfile", str(log), "--loglevel", "WARNING", "--only-summary"),
            *("--exit-code-on-error", "0"),
        ]
        if self.page_port is None:
            shown.append("--headless")
        else:
            shown += ["--web-host", "127.0.0.1", "--web-port", str(self.page_port), "--autostart", "--autoquit", "1"]
        if self.html:
            shown += ["--html", REPORT]
        return [*shown, self.user]


def require_locust(root: Path | None) -> None:
    """Make sure that it can be run.

    Args:
        root: the clone in which the setup scripts are; None where there is none.

    Raises:
        LocustMissing: it is not installed; says what installs it.
    """
    if find_spec("locust") is not None:
        return
    command = f"{root}/setup/python.sh load" if root is not None else f"{sys.executable} -m pip install {_wanted()}"
    raise LocustMissing(f"load tests need Locust, which is not installed: install it with {command}")


def _wanted() -> str:
    """Locust as our extra wants it. Not `investiq[load]`: whoever has that name at the index need not be us."""
    lines = (line.partition(";") for line in requires("investiq") or ())
    return " ".join(repr(name.strip()) for name, _, condition in lines if condition.strip() == 'extra == "load"')


@dataclass(slots=True)
class _Output:
    """What the child prints: a JSON object a line is progress, anything else may explain its end."""

    tell: Tell
    _rest: bytes = b""
    said: list[str] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode("utf-8", "replace"))

    def _line(self, line: str) -> None:
        try:
            state = json.loads(line)
        except ValueError:
            state = None
        if isinstance(state, dict):
            self.tell(state)
        elif line.strip():
            self.said = [*self.said, line][-20:]


async def run_client(
    settings: ChildSettings, plan: LoadPlan, folder: Path, stop: asyncio.Event, tell: Tell
) -> RunRecord:
    """Run Locust in the empty folder until its time is over, or `stop` is set.

    Raises:
        ClientFailed: it left no record.
    """
    if stop.is_set():
        return RunRecord()
    output, log = _Output(tell), folder / "locust.log"
    child = Child.start(
        [sys.executable, "-m", "investiq.operate.load.child", *plan.arguments(log)],
        {
            VARIABLE: str(settings.write(folder)),
            "HOME": str(folder),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        folder,
        output.write,
    )
    try:
        code = await _until_end(child, stop)
    finally:
        if child.is_alive:
            await child.end(0)
    try:
        return RunRecord.of(json.loads(Path(settings.record).read_text("utf-8")))
    except (OSError, ValueError, KeyError) as error:
        if stop.is_set():  # before it had begun
            return RunRecord()
        logged = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
        said = " / ".join([*output.said, *logged][-3:]) or "it said nothing"
        raise ClientFailed(f"Locust ended (exit code {code}) without a record: {said}") from error


async def _until_end(child: Child, stop: asyncio.Event) -> int:
    ended, stopped = asyncio.ensure_future(child.wait()), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            child.signal(signal.SIGINT)  # as Ctrl-C: requests under way get their answers
            await asyncio.wait((ended,), timeout=_END_SECONDS)
        return ended.result() if ended.done() else await child.end(0)
    finally:
        for waiting in (ended, stopped):
            waiting.cancel()

"""A supervisor in the background, from the side of who starts it: it loads nothing of what the supervisor needs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from pathlib import Path

from investiq.foundation.config import Config, Paths
from investiq.foundation.errors import InvestIQError
from investiq.operate.supervise.control import AlreadyRunning, ControlClient, NotRunning, is_locked
from investiq.operate.supervise.folders import make_folders
from investiq.operate.supervise.logs import own_error, tail
from investiq.operate.supervise.status import StackSnapshot

__all__ = ["DetachedFailed", "detach", "followed", "move_aside"]


class DetachedFailed(InvestIQError):
    """The supervisor in the background ended before it could say why over its socket."""

    reason = "supervisor_ended"


def move_aside(config: Config, now: datetime) -> Path | None:
    """Give data_dir another name, so that the next start is a fresh one; where it went, or None if there was none.

    Raises:
        AlreadyRunning: a supervisor runs on it.
    """
    paths = Paths.of(config)
    if is_locked(paths.run):
        raise AlreadyRunning("InvestIQ is running on this data: `investiq down` first")
    if not paths.data_dir.exists():
        return None
    aside = paths.data_dir.with_name(f"{paths.data_dir.name}.{now:%Y%m%d-%H%M%S}")
    return paths.data_dir.rename(aside)


def detach(config: Config, no_restart: Collection[str], given: str | None = None) -> subprocess.Popen[bytes]:
    """Start a supervisor in the background, in a session of its own, with the environment of this process.

    Args:
        given: as in `supervised`.
    """
    with (make_folders(config).logs / "supervisor.log").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "investiq.operate.supervise.daemon", given or "", *no_restart],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


async def followed(config: Config, process: subprocess.Popen[bytes] | None = None) -> AsyncIterator[StackSnapshot]:
    """The snapshots of the supervisor in the background, from as soon as it answers.

    Args:
        process: that supervisor, if this process started it.

    Raises:
        DetachedFailed: it ended without answering.
        NotRunning: there is none.
    """
    paths = Paths.of(config)
    client = ControlClient(paths.run)
    while True:
        try:
            async for snapshot in client.follow():
                yield snapshot
            return
        except NotRunning:
            if process is not None and process.poll() is not None:
                last = tail(paths.logs / "supervisor.log", 12)
                said = own_error(last) or "\n".join(last[-1:]) or "the supervisor ended without a word"
                raise DetachedFailed(said) from None
            if process is None and not is_locked(paths.run):
                raise
        await asyncio.sleep(0.05)

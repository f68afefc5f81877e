"""Has the running nginx read its configuration and certificates anew, without a connection lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Sequence

import psutil

from investiq.clients.session import ClientError, TrustedUsers, probing
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.operate.edge.files import write_edge
from investiq.operate.edge.nginx import CONFIG_FILE, EdgeError

__all__ = ["reload_edge"]

_SECONDS = 10.0
_ASKED_SECONDS = 2.0
_PAUSE_SECONDS = 0.05


def reload_edge(config: Config) -> None:
    """Write its files anew, tell nginx, and see that it has read them.

    Raises:
        EdgeError: it does not run, or would not start with them; it goes on with what it had.
    """
    nginx = _running(config)
    mark, before = write_edge(config, nginx.exe()), nginx.children()
    os.kill(nginx.pid, signal.SIGHUP)
    asyncio.run(_await(config, mark, before))


async def _await(config: Config, mark: str, before: Sequence[psutil.Process]) -> None:
    """Until nginx tells that mark, and those workers take no connection more.

    `nginx -t` does not see all that may be wrong: a port may be taken.
    """
    url = f"{topology.EDGE.url(config)}{topology.EDGE.health[0]}"
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ClientError, probing.NotHttp):
            answer = await probing.get(url, trusted=TrustedUsers(), seconds=_ASKED_SECONDS)
            if f'"{mark}"' in answer.text and not any(map(_accepts, before)):
                return
        await asyncio.sleep(_PAUSE_SECONDS)
    raise EdgeError(
        f"nginx was told to read its files anew, and has not done so within {_SECONDS:g} s: it goes on with what it "
        f"had; {Paths.of(config).logs / 'edge.log'} says why"
    )


def _accepts(child: psutil.Process) -> bool:
    """Whether it may still take connections: a worker that is about to close its sockets says so in its title."""
    try:
        title = " ".join(child.cmdline()) if child.is_running() else ""
    except psutil.Error:
        return False
    return title.startswith("nginx: worker process") and "shutting down" not in title


def _running(config: Config) -> psutil.Process:
    """The process that is ours: what else may have its number is left alone."""
    folder = Paths.of(config).edge
    try:
        process = psutil.Process(int((folder / "nginx.pid").read_text("ascii")))
        if str(folder / CONFIG_FILE) in process.cmdline() or f"{folder}/" in " ".join(process.cmdline()):
            return process
    except (OSError, ValueError, psutil.Error):
        pass
    raise EdgeError("the edge does not run: `investiq up` starts it, where edge.enabled is true")

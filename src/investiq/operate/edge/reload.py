"""Has the running nginx read its configuration and certificates anew, without a connection lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil

from investiq.foundation.config import Config, Paths
from investiq.foundation.subprocesses import run
from investiq.operate.edge.nginx import CONFIG_FILE, EdgeError, write_edge

__all__ = ["check_config", "reload_edge"]


def reload_edge(config: Config) -> None:
    """Write its files anew, have them checked, and tell nginx.

    Raises:
        EdgeError: it does not run, or would not start with them; it goes on with what it had.
    """
    nginx = _running(config)
    file = nginx.exe()
    write_edge(config, file)
    if fault := check_config(file, Paths.of(config).edge):
        raise EdgeError(f"nginx refuses its configuration, and goes on with what it had: {fault}")
    os.kill(nginx.pid, signal.SIGHUP)


def check_config(nginx: str, folder: Path) -> str:
    """What `nginx -t` has against the files in `folder`; nothing where it would start with them."""
    command = [nginx, "-t", "-q", "-p", f"{folder}/", "-c", str(folder / CONFIG_FILE), "-e", "stderr"]
    done = run(command, 30.0, {})
    return "" if done.succeeded else " ".join(done.output.split())


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

"""Finds the monitoring programs of this machine."""

from __future__ import annotations

import os
import shutil

from investiq.foundation.subprocesses import SHORT_LIVED, run
from investiq.foundation.topology import PROGRAMS, Program

__all__ = ["SYSTEMD_SOCKET", "find", "find_all", "takes_sockets"]

_FURTHER_FOLDERS = ("/usr/local/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
"""Debian leaves the sbin folders out of a user's PATH."""
SYSTEMD_SOCKET = "--web.systemd-socket"
"""Serve on inherited sockets, announced as systemd does it."""
_HELP_SECONDS = 10.0


def find(program: Program, path: str | None = None) -> str | None:
    """The file of `program`: the first of its names on `path` (default: PATH and the usual folders of a system)."""
    if path is None:
        path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_FURTHER_FOLDERS))
    return next((found for command in program.commands if (found := shutil.which(command, path=path))), None)


def find_all() -> dict[str, str]:
    """Process -> file, of those that are installed."""
    return {name: file for name, program in PROGRAMS.items() if (file := find(program))}


def takes_sockets(file: str) -> bool:
    """Whether that program can serve on sockets that it inherits: Prometheus 2 cannot, the others can for years."""
    try:
        return SYSTEMD_SOCKET in run([file, "--help"], _HELP_SECONDS, SHORT_LIVED).output
    except OSError:
        return False

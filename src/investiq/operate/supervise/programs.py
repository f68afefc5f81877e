"""The monitoring programs: what they are called on each system, and how to get one that is not installed."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

__all__ = ["PROGRAMS", "Program", "find", "find_all", "what"]

_FURTHER_FOLDERS = ("/usr/local/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
"""Debian leaves the sbin folders out of a user's PATH."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is not ours.

    Attributes:
        part: the part that it runs as.
        commands: its names, most specific first (Debian's have a prefix, upstream's do not).
        get: how to get it, one sentence.
        optional: the stack is whole without it.
    """

    part: str
    what: str
    commands: tuple[str, ...]
    get: str
    optional: bool = False


def _debian(package: str) -> str:
    return f"sudo apt-get install {package}, or put the upstream release on PATH"


PROGRAMS = (
    Program(
        "alertmanager",
        "groups alerts and notifies",
        ("prometheus-alertmanager", "alertmanager"),
        _debian("prometheus-alertmanager"),
    ),
    Program(
        "blackbox",
        "probes from outside",
        ("prometheus-blackbox-exporter", "blackbox_exporter"),
        _debian("prometheus-blackbox-exporter"),
    ),
    Program(
        "node",
        "metrics of this host",
        ("prometheus-node-exporter", "node_exporter"),
        _debian("prometheus-node-exporter"),
    ),
    Program("prometheus", "scrapes, stores and evaluates", ("prometheus",), _debian("prometheus")),
    Program(
        "grafana",
        "dashboards",
        ("grafana-server", "grafana"),
        "install Grafana from grafana.com/grafana/download (Debian has no package of it)",
        optional=True,
    ),
)


def find(program: Program, path: str | None = None) -> str | None:
    """The file of `program`: the first of its names on `path` (default: PATH and the usual folders of a system)."""
    if path is None:
        path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_FURTHER_FOLDERS))
    return next((found for command in program.commands if (found := shutil.which(command, path=path))), None)


def find_all() -> dict[str, str]:
    """Part -> file, of those that are installed."""
    return {program.part: file for program in PROGRAMS if (file := find(program))}


def what(part: str) -> str:
    """What the program of `part` is for."""
    return next(program.what for program in PROGRAMS if program.part == part)

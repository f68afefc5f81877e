"""Runs the programs' own checkers over files: promtool, amtool, the blackbox exporter."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from investiq.foundation.findings import Finding
from investiq.foundation.subprocesses import SHORT_LIVED, run

__all__ = ["refusals", "run_checker"]

_SOURCE = "correct the source and run `investiq render`"
_NO_COMPLAINTS = ("Checking", "SUCCESS", "Unit Testing", "Found:", "- ")
"""How lines begin that tell what was looked at."""

_SECONDS = 180  # the tests of a subject take ten seconds on a machine that has nothing else to do


def refusals(check: str, what: str, directory: Path, fix: str = _SOURCE) -> list[Finding]:
    """What the programs say against the configuration in `directory`.

    Args:
        check: name of the check that asks.
        what: whose files these are, for people.
        fix: what to do about a refusal.
    """
    commands = {
        "prometheus.yml": ("promtool", "check", "config"),
        "alertmanager.yml": ("amtool", "check-config"),
        "blackbox.yml": (_blackbox(), "--config.check", "--config.file"),
    }
    return [
        finding
        for name, command in commands.items()
        for finding in run_checker(check, f"{what}: {name}", [*command, str(directory / name)], fix)
    ]


def run_checker(check: str, where: str, command: Sequence[str], refused: str = _SOURCE) -> list[Finding]:
    """What a program has to say against a file; a program that is not there leaves the file unchecked.

    Args:
        refused: what to do about a refusal.
    """
    if shutil.which(command[0]) is None:
        fix = "install the monitoring programs (`make up` does)"
        return [Finding(check, where, f"{command[0]} is not installed", fix, unchecked=True)]
    done = run(command, _SECONDS, SHORT_LIVED)
    if done.timed_out:
        return [Finding(check, where, f"{command[0]} did not end in {_SECONDS} s", "run it by hand", unchecked=True)]
    if done.succeeded:
        return []
    return [Finding(check, where, f"{command[0]} refuses it: {_complaint(done.output)}", refused)]


def _complaint(output: str) -> str:
    """The lines of a checker's output that say what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    wrong = [line for line in lines if not line.startswith(_NO_COMPLAINTS)]
    return "; ".join(wrong[:8]) or "it gives no reason"


def _blackbox() -> str:
    names = ("prometheus-blackbox-exporter", "blackbox_exporter")
    return next((name for name in names if shutil.which(name)), names[0])

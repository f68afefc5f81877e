"""Runs the programs' own checkers over files: promtool, amtool, the blackbox exporter."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from investiq.foundation.findings import Finding, FindingSeverity, Place
from investiq.foundation.subprocesses import SHORT_LIVED, run
from investiq.foundation.topology import ALERTMANAGER, BLACKBOX, PROMETHEUS, debian_commands

__all__ = ["ProgramOutcome", "refusals", "run_program"]

_SOURCE = "correct the source and run `investiq render`"
_WHY = "it does not start with it, and goes on with an older one where it runs"
_NO_COMPLAINTS = ("Checking", "SUCCESS", "Unit Testing", "Found:", "- ")
"""How lines begin that tell what was looked at."""

_CHECKERS = tuple(filter(None, (process.program for process in (PROMETHEUS, ALERTMANAGER, BLACKBOX))))
"""Whose packages bring the checkers."""

_SECONDS = 180  # the tests of a subject take ten seconds on a machine that has nothing else to do


@dataclass(frozen=True, slots=True)
class ProgramOutcome:
    """What came of a run of a checker.

    Attributes:
        refused: it has something to say against the file.
        unchecked: why it could not be run to its end, and what to do; None where it was.
    """

    program: str
    output: str = ""
    refused: bool = False
    unchecked: tuple[str, str] | None = None

    def findings(self, check: str, place: Place, fix: str, why: str = "") -> list[Finding]:
        """The outcome as findings about the file at `place`.

        Args:
            fix: what to do about a refusal.
            why: that matters.
        """
        if self.unchecked is not None:
            return [Finding(check, place, *self.unchecked, severity=FindingSeverity.UNCHECKED)]
        if not self.refused:
            return []
        return [Finding(check, place, f"{self.program} refuses it: {_complaint(self.output)}", fix, why)]


def refusals(check: str, directory: Path, place: Callable[[str], Place], fix: str = _SOURCE) -> list[Finding]:
    """What the programs say against the configuration in `directory`.

    Args:
        check: name of the check that asks.
        place: what people know the file of that name as.
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
        for finding in run_program([*command, str(directory / name)]).findings(check, place(name), fix, _WHY)
    ]


def run_program(command: Sequence[str]) -> ProgramOutcome:
    """Run a checker; one that is not there leaves its file unchecked."""
    program = command[0]
    if shutil.which(program) is None:
        fix = f"install the monitoring programs; on Debian, as root: {debian_commands(_CHECKERS)}"
        return ProgramOutcome(program, unchecked=(f"{program} is not installed", fix))
    done = run(command, _SECONDS, SHORT_LIVED)
    if done.timed_out:
        return ProgramOutcome(program, unchecked=(f"{program} did not end in {_SECONDS} s", "run it by hand"))
    return ProgramOutcome(program, done.output, refused=not done.succeeded)


def _complaint(output: str) -> str:
    """The lines of a checker's output that say what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    wrong = [line for line in lines if not line.startswith(_NO_COMPLAINTS)]
    return "; ".join(wrong[:8]) or "it gives no reason"


def _blackbox() -> str:
    names = ("prometheus-blackbox-exporter", "blackbox_exporter")
    return next((name for name in names if shutil.which(name)), names[0])

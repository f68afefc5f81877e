"""promtool: how it is run, and how its answers are read."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from investiq.foundation.errors import InvestIQError
from investiq.foundation.subprocesses import SHORT_LIVED, ProgramRun, StopSign, run

__all__ = [
    "Promtool",
    "PromtoolMissing",
    "failed_tests",
    "find_promtool",
    "named_failure",
    "unknown_words",
    "why_it_ended",
]

_TEST_NAME = re.compile(r"^\s+name: (.+),\s*$", re.MULTILINE)
_UNKNOWN = re.compile(r'(?:field |unknown function with name ")(\w+)(?: not found in type|")')
_TROUBLE = re.compile(
    r"^.*no file match pattern.*$"
    r"|^(?!\s+(?:exp|got):).*err(?:or)?: .*(?:no space left|too many open files|cannot allocate memory"
    r"|input/output error|permission denied|query timed out|context canceled|context deadline exceeded).*$",
    re.MULTILINE,
)
"""What is no answer of a test: a file that is not there, a machine that is full or too slow."""
_FAILURE = re.compile(r"^\s+exp:|time: \S+, err:", re.MULTILINE)


class PromtoolMissing(InvestIQError):
    """promtool is not installed."""

    reason = "promtool_missing"


def find_promtool() -> str:
    """The path of promtool.

    Raises:
        PromtoolMissing: it is not installed.
    """
    found = shutil.which("promtool")
    if found is None:
        raise PromtoolMissing("promtool is not installed: it comes with Prometheus (Debian: apt install prometheus)")
    return found


@dataclass(frozen=True)
class Promtool:
    """promtool, as it is run here; from several threads at a time.

    Attributes:
        scratch: where it keeps its databases for as long as it runs.
        timeout_seconds: for one run.
        stop: once it is up, what still runs is killed.
    """

    program: str
    scratch: Path
    timeout_seconds: float
    stop: StopSign

    def test_rules(self, folder: Path, files: Sequence[str]) -> ProgramRun:
        """Run test files of `folder`."""
        return self._run(folder, "test", "rules", *files)

    def check_rules(self, folder: Path, file: str) -> ProgramRun:
        """Whether Prometheus would load a rule file of `folder`."""
        return self._run(folder, "check", "rules", file)

    def version(self) -> str:
        """Its name and version, for people."""
        return self._run(self.scratch, "--version").output.partition(" (")[0]

    def _run(self, folder: Path, *arguments: str) -> ProgramRun:
        environment = {**SHORT_LIVED, "TMPDIR": str(self.scratch)}
        command = [self.program, *arguments]
        return run(command, self.timeout_seconds, environment, folder=folder, stop=self.stop)


def failed_tests(output: str) -> tuple[str, ...]:
    """The names of the tests that failed, as far as they have names."""
    return tuple(dict.fromkeys(_TEST_NAME.findall(output)))


def named_failure(output: str) -> bool:
    """Whether promtool says what it expected and got, or what it could not evaluate, and had all that it needed."""
    return _FAILURE.search(output) is not None and _TROUBLE.search(output) is None


def why_it_ended(output: str) -> str:
    """The line that says most of why promtool could not run the tests."""
    trouble = _TROUBLE.search(output)
    return trouble[0].strip() if trouble else output.strip().partition("\n")[0]


def unknown_words(output: str) -> list[str]:
    """Fields and functions that this promtool does not know."""
    return list(dict.fromkeys(_UNKNOWN.findall(output)))

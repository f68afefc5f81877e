"""What a check says: never an exception, always with the next step.

A check is a function that answers with a `CheckResult`. What could not be checked is a finding too: an empty list must
not read as all well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import PurePath
from typing import Any

__all__ = ["CheckResult", "Finding", "FindingSeverity", "Place", "PlaceKind", "Verdict", "finding_lines"]


class FindingSeverity(StrEnum):
    """How bad a finding is; the worst first."""

    ERROR = "error"  # something does not do what it is there for
    WARNING = "warning"  # it does today, but will not last, is of no use, or is not what somebody means
    UNCHECKED = "unchecked"  # nothing is known to be wrong, and nothing is known to be right


class PlaceKind(StrEnum):
    """What a finding is about."""

    FILE = "file"  # or a folder
    RULE = "rule"  # an alert or a recording rule
    METRIC = "metric"
    PANEL = "panel"
    ROUTE = "route"  # or a receiver, of Alertmanager
    TARGET = "target"  # a scrape job, or one target of it
    ADDRESS = "address"  # a URL
    PART = "part"  # of the stack, or all of it
    SETTING = "setting"
    SYMBOL = "symbol"
    MACHINE = "machine"  # what is checked as a whole, or its system


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding is.

    Attributes:
        name: path, name or URL.
        within: what in it, such as a rule of a file; empty means the whole.
        line: of the file, from 1.
        source: the file that this one is rendered from: what is to be edited.
    """

    kind: PlaceKind
    name: str
    within: str = ""
    line: int | None = None
    source: str = ""

    @classmethod
    def file(cls, path: PurePath | str, within: str = "", line: int | None = None, source: str = "") -> Place:
        return cls(PlaceKind.FILE, str(path), within, line, source)

    @property
    def where(self) -> str:
        """The same from one run to the next, as lines are not: what programs compare."""
        return f"{self.name}: {self.within}" if self.within else self.name

    def __str__(self) -> str:
        """`file:line: within`, as compilers write it: editors and terminals lead there."""
        at = self.name if self.line is None else f"{self.name}:{self.line}"
        return f"{at}: {self.within}" if self.within else at


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or that could not be checked.

    Attributes:
        check: name of the check.
        what: what is wrong.
        fix: what to do.
        why: why it matters, in one sentence; empty where `what` says it all.
    """

    check: str
    place: Place
    what: str
    fix: str
    why: str = ""
    severity: FindingSeverity = FindingSeverity.ERROR

    @property
    def is_unchecked(self) -> bool:
        return self.severity is FindingSeverity.UNCHECKED

    def document(self) -> dict[str, Any]:
        """The finding as JSON."""
        return {
            "check": self.check,
            "severity": self.severity.value,
            "kind": self.place.kind.value,
            "where": self.place.where,
            "line": self.place.line,
            "source": self.place.source,
            "what": self.what,
            "why": self.why,
            "fix": self.fix,
            "unchecked": self.is_unchecked,
        }


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    FINDINGS = "findings"
    UNCHECKED = "unchecked"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check.

    Attributes:
        looked_at: what was checked, with its number.
        findings: what is wrong, and what could not be checked.
        notes: what its reader should know, though nothing is wrong.
        left_out: why the check was not made, and need not be; empty where it was.
        seconds: how long it took.
    """

    check: str
    looked_at: str = "nothing"
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: str = ""
    seconds: float = 0.0

    @property
    def severity(self) -> FindingSeverity | None:
        """The worst of its findings; None without one."""
        return next((severity for severity in FindingSeverity if severity in self._severities), None)

    @property
    def verdict(self) -> Verdict:
        if self.left_out:
            return Verdict.LEFT_OUT
        if self.severity is None:
            return Verdict.OK
        return Verdict.UNCHECKED if self.severity is FindingSeverity.UNCHECKED else Verdict.FINDINGS

    @property
    def _severities(self) -> set[FindingSeverity]:
        return {finding.severity for finding in self.findings}


_BEFORE = {
    FindingSeverity.ERROR: "",
    FindingSeverity.WARNING: "warning: ",
    FindingSeverity.UNCHECKED: "could not check: ",
}


def finding_lines(findings: Sequence[Finding], indent: str = "") -> list[str]:
    """Each finding with its place first, as compilers write it; below it why it matters and what to do.

    Neighbours that say the same of several places say it once, below the last of them.
    """
    lines: list[str] = []
    for told, same in groupby(findings, key=_below):
        lines += [f"{indent}{one.place}: {_BEFORE[one.severity]}{one.what}{_source(one)}" for one in same]
        lines += [f"{indent}  {line}" for line in told]
    return lines


def _below(finding: Finding) -> tuple[str, ...]:
    return (*([f"why: {finding.why}"] if finding.why else []), f"fix: {finding.fix}")


def _source(finding: Finding) -> str:
    """Nobody is to edit what is rendered."""
    return f" (source: {finding.place.source})" if finding.place.source else ""

"""Findings as the commands that check something show them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from investiq.foundation.findings import Finding, FindingSeverity

__all__ = ["color_of", "finding_lines", "word_of"]

_WORDS = {FindingSeverity.ERROR: "FAIL", FindingSeverity.WARNING: "warn", FindingSeverity.UNCHECKED: "?", None: "ok"}
_COLORS = {
    FindingSeverity.ERROR: "red",
    FindingSeverity.WARNING: "yellow",
    FindingSeverity.UNCHECKED: "yellow",
    None: "green",
}
_BEFORE = {
    FindingSeverity.ERROR: "",
    FindingSeverity.WARNING: "warning: ",
    FindingSeverity.UNCHECKED: "could not check: ",
}


def word_of(severity: FindingSeverity | None) -> str:
    """The word at the start of a line; None is without a finding."""
    return _WORDS[severity]


def color_of(severity: FindingSeverity | None) -> str:
    return _COLORS[severity]


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

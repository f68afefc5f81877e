"""Findings as the commands that check something show them."""

from __future__ import annotations

from investiq.foundation.findings import FindingSeverity

__all__ = ["color_of", "word_of"]

_WORDS = {FindingSeverity.ERROR: "FAIL", FindingSeverity.WARNING: "warn", FindingSeverity.UNCHECKED: "?", None: "ok"}
_COLORS = {
    FindingSeverity.ERROR: "red",
    FindingSeverity.WARNING: "yellow",
    FindingSeverity.UNCHECKED: "yellow",
    None: "green",
}


def word_of(severity: FindingSeverity | None) -> str:
    """The word at the start of a line; None is without a finding."""
    return _WORDS[severity]


def color_of(severity: FindingSeverity | None) -> str:
    return _COLORS[severity]

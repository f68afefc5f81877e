"""What the command line's exit codes mean; `investiq --help` and the guide print this table."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode", "Validation"]


class ExitCode(IntEnum):
    """The exit codes, each with one meaning for every command but `validate`."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    FINDINGS = 3
    NOT_ALLOWED = 4
    REFUSED = 5
    NOT_RUNNING = 6
    TIMED_OUT = 7
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


class Validation(IntEnum):
    """The exit codes of `investiq validate`, which scripts and schedulers of checks expect: whole, not whole, unknown.

    Wrong usage and a configuration that cannot be read are 2 here too: nothing was checked then.
    """

    WHOLE = 0
    FINDINGS = 1
    UNCHECKED = 2

    @property
    def meaning(self) -> str:
        return _VALIDATION[self]


_VALIDATION = {
    Validation.WHOLE: "everything was checked, and nothing found",
    Validation.FINDINGS: "findings, whether or not everything could be checked",
    Validation.UNCHECKED: "no finding, but something could not be checked: the output says what",
}

_MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "wrong usage or configuration",
    ExitCode.FINDINGS: "findings or changes",
    ExitCode.NOT_ALLOWED: "not allowed: key missing, unknown or without the scope",
    ExitCode.REFUSED: "refused by a safety rule or a halt",
    ExitCode.NOT_RUNNING: "not running",
    ExitCode.TIMED_OUT: "timed out",
    ExitCode.INTERRUPTED: "interrupted",
}

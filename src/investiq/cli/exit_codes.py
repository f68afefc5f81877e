"""What the command line's exit codes mean; `investiq --help` and the guide print this table."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """The exit codes, each with one meaning for every command."""

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

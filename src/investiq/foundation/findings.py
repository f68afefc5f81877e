"""What a check says: never an exception, always with the next step."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CheckResult", "Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or that could not be checked.

    Attributes:
        check: name of the check.
        where: file, alert, target or address.
        what: what is wrong.
        fix: what to do.
        unchecked: nothing is known to be wrong; the check could not be made.
    """

    check: str
    where: str
    what: str
    fix: str
    unchecked: bool = False


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check.

    Attributes:
        looked_at: what was checked, with its number: an empty list must not read as all well.
        left_out: why the check was not made, and need not be; empty where it was.
        seconds: how long it took.
    """

    check: str
    looked_at: str
    findings: tuple[Finding, ...] = ()
    left_out: str = ""
    seconds: float = 0.0

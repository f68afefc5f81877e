"""Runs a check: what keeps its answer from being found is no verdict on what is checked, but a finding of its own.

`doctor`, `validate` and the proof of `up` run their checks here, so that one that fails hides no other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from investiq.clients.api import ApiRefused
from investiq.clients.session import ClientError, Refused
from investiq.foundation.errors import InvestIQError
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.operate.validate.documents import NotYaml

__all__ = ["FILES", "PARTS", "THIS_MACHINE", "Advice", "could_not_check", "run_check", "run_check_within"]

THIS_MACHINE = Place(PlaceKind.MACHINE, "this machine")

_Fault = tuple[str, str]
"""Why there is no answer, and what to do."""

_EXPECTED = (InvestIQError, OSError, LookupError, TypeError, ValueError, AttributeError)
"""What a check may end with when it finds no answer; anything else is a fault of ours, and stops the command."""

_REFUSED = {
    True: "the API on that port may belong to another data_dir: see `investiq config show`, data_dir and client.key",
    False: "`investiq status` says how the API is",
}
_QUERY_REFUSED = "its query is refused: is this a Prometheus?"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do where the error does not say it itself.

    Attributes:
        failed: where the question fails.
        unexpected: what it means that an answer has another shape than it should.
        look: what to do about that.
    """

    failed: str
    unexpected: str
    look: str


PARTS = Advice(
    failed="`investiq status` names what is down",
    unexpected="something answers, but not as expected",
    look="see which program has the port: `investiq doctor ports`",
)
FILES = Advice(
    failed="mend this first",
    unexpected="a file is not of the expected form",
    look="`investiq validate --offline --only rendered` names the files that were edited",
)


def run_check(check: str, place: Place, ask: Callable[[], CheckResult], advice: Advice = PARTS) -> CheckResult:
    """The answer of `ask`, and how long it took.

    Args:
        place: where the question is asked, for a finding that it could not be.
    """
    started = time.monotonic()
    try:
        result = ask()
    except _EXPECTED as error:
        result = _unanswered(check, place, error, advice)
    return _timed(result, started)


async def run_check_within(
    seconds: float, check: str, place: Place, ask: Awaitable[CheckResult], advice: Advice = PARTS
) -> CheckResult:
    """The same of a question that may take `seconds` at the most."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            result = await ask
    except TimeoutError:
        what = f"it was not done within {seconds:g} s"
        result = could_not_check(check, place, what, "ask again when the machine has less to do, or with --only")
    except _EXPECTED as error:
        result = _unanswered(check, place, error, advice)
    return _timed(result, started)


def could_not_check(check: str, place: Place, what: str, fix: str) -> CheckResult:
    """The result of a check that could not be made."""
    return CheckResult(check, findings=(Finding(check, place, what, fix, severity=FindingSeverity.UNCHECKED),))


def _unanswered(check: str, place: Place, error: Exception, advice: Advice) -> CheckResult:
    place = error.place if isinstance(error, NotYaml) else place
    return could_not_check(check, place, *_told(error, advice))


def _timed(result: CheckResult, started: float) -> CheckResult:
    return replace(result, seconds=round(time.monotonic() - started, 2))


def _told(error: Exception, advice: Advice) -> _Fault:
    match error:
        case ApiRefused():
            return f"the API refuses: {error.message}", _REFUSED[error.status == 401]
        case ClientError():
            otherwise = _QUERY_REFUSED if isinstance(error, Refused) else advice.failed
            return error.what, error.fix or otherwise
        case InvestIQError():
            return error.message, error.fix or advice.failed
        case OSError():
            return str(error), "see whether this user may read it: `investiq doctor disk`"
        case _:
            return f"{advice.unexpected} ({type(error).__name__}: {error})", advice.look

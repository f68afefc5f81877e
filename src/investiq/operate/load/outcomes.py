"""What one answer means for the run."""

from __future__ import annotations

import json
import ssl

from investiq.operate.load.record import Outcome

__all__ = ["outcome_of"]

_CONFLICT = 409
_TOO_MANY = 429
_LONGEST_REASON = 60


def outcome_of(status: int, body: str, error: Exception | None) -> tuple[Outcome, str]:
    """What became of a request, and why; `error` is what the HTTP library raised, if it did."""
    if 200 <= status < 400:
        return Outcome.SERVED, ""
    if status == 0:
        return Outcome.FAILED, _broken(error)
    reason, denial = _reasons(body)
    if status == _CONFLICT:
        return Outcome.DENIED, denial or reason
    if status == _TOO_MANY:
        return Outcome.RATE_LIMITED, ""
    return Outcome.FAILED, f"{status} {reason}".strip()


def _reasons(body: str) -> tuple[str, str]:
    """The reason of a problem document, and the rule that denied the order where one did."""
    try:
        problem = json.loads(body)
    except ValueError:
        return "", ""
    if not isinstance(problem, dict):
        return "", ""
    return tuple(str(problem.get(name) or "")[:_LONGEST_REASON] for name in ("reason", "denial"))  # type: ignore[return-value]


def _broken(error: Exception | None) -> str:
    """In a few words that do not differ from one request to the next."""
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case TimeoutError():
            return "no answer in time"
        case ssl.SSLCertVerificationError():
            return "certificate not trusted"
        case ConnectionError():
            return "connection broken off"
        case None:
            return "no answer"
    return type(error).__name__

"""How a call to the API can fail, as seen by the caller. `reason` is one of four words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from investiq.foundation.errors import InvestIQError

__all__ = ["BadResponse", "ClientError", "Refused", "TimedOut", "Unreachable"]


class ClientError(InvestIQError):
    """A call that gave no usable answer. Catch this one to catch them all."""

    reason = "client_error"


class Unreachable(ClientError):
    """Nobody answered at the address: the API is not running, or the connection broke."""

    reason = "unreachable"
    retryable = True


class TimedOut(ClientError):
    """The API took longer than the time limit. A change that was asked for may or may not have happened."""

    reason = "timeout"
    retryable = True


class BadResponse(ClientError):
    """Something answered, but not as InvestIQ's API does: another program has the port, or the versions differ."""

    reason = "bad_response"


class Refused(ClientError):
    """The API understood and said no.

    Attributes:
        status: HTTP status, 400 to 599.
        problem: the problem document; its `reason` is the API's own word, such as `unknown_symbol`.
        retry_after: seconds that the API asked to wait (429), else None.
    """

    reason = "refused"

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or f"HTTP {status}"))
        self.status = status
        self.problem = dict(problem)
        self.retry_after = retry_after

    @property
    def problem_reason(self) -> str:
        """The API's word for what was wrong, such as `unknown_symbol` or `insufficient_scope`."""
        return str(self.problem.get("reason", "unknown"))

    @property
    def suggestions(self) -> list[str]:
        """The nearest known symbols, where the API names some."""
        return [str(symbol) for symbol in self.problem.get("suggestions", ())]

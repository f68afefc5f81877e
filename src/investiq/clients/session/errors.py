"""The one family of errors of whoever is asked: what was asked, what came, and what to do."""

from __future__ import annotations

from investiq.foundation.errors import InvestIQError

__all__ = ["BadResponse", "ClientError", "Refused", "TimedOut", "Unreachable", "UnusableCredentials"]

CREDENTIALS_WANTED = (401, 403, 407)


class ClientError(InvestIQError):
    """A question that got no usable answer. Catch this one to catch them all.

    Attributes:
        what: what was asked, and what came.
        fix: what to do; empty where `what` says it.
    """

    reason = "client_error"

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(f"{what}: {fix}" if fix else what)
        self.what = what
        self.fix = fix


class Unreachable(ClientError):
    """Nobody usable answered at the address: the server does not run, is not trusted, or the connection broke."""

    reason = "unreachable"
    retryable = True


class TimedOut(ClientError):
    """It took longer than the time limit. A change that was asked for may or may not have happened."""

    reason = "timeout"
    retryable = True


class Refused(ClientError):
    """The server understood and said no.

    Attributes:
        status: HTTP status.
        said: the reason in its own words.
    """

    reason = "refused"

    def __init__(self, what: str, fix: str = "", *, status: int, said: str = "") -> None:
        super().__init__(what, fix)
        self.status = status
        self.said = said

    @property
    def wants_credentials(self) -> bool:
        """It was not the question that was refused, but who asked."""
        return self.status in CREDENTIALS_WANTED


class BadResponse(ClientError):
    """Something answered, but not as that server does: another program has the port, or the versions differ."""

    reason = "bad_response"


class UnusableCredentials(ClientError):
    """A file of credentials or certificates cannot be used, so nothing was asked."""

    reason = "usage"

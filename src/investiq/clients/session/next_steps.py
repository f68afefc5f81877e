"""What to do about each failure: it hangs on whose server was asked."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OURS", "TYPED", "NextSteps"]


@dataclass(frozen=True, slots=True)
class NextSteps:
    """What to do about each failure.

    Attributes:
        silent: how it is said that nothing answers.
        bad_status: an HTTP status with which one cannot go on.
        foreign: what answers speaks otherwise than that server.
    """

    silent: str
    unreachable: str
    timed_out: str
    bad_status: str
    foreign: str
    credentials: str
    certificate: str
    redirected: str


_STRANGER = "what answers there is not {server}: who has the port? `investiq doctor` names it"
_BASE = "give its base address, such as http://127.0.0.1:9090; `investiq doctor` names who has a port here"

OURS = NextSteps(
    silent="{server} does not answer at {base} ({why})",
    unreachable="`investiq status` says what runs, `investiq up` starts it",
    timed_out="see logs/{part}.log",
    bad_status="`investiq status` says how it is, `investiq doctor` who has the port",
    foreign=_STRANGER,
    credentials=_STRANGER,
    certificate=_STRANGER,
    redirected=_STRANGER,
)
"""The server is a part of this installation."""

TYPED = NextSteps(
    silent="nothing usable answers at {url} ({why})",
    unreachable=_BASE,
    timed_out=_BASE,
    bad_status=_BASE,
    foreign=_BASE,
    credentials="give credentials: --token-file FILE, or --basic-auth-file FILE with user:password",
    certificate="give --ca-file FILE with the certificates to trust (PEM), or the address by the name in its "
    "certificate",
    redirected="give the address that it redirects to",
)
"""Its address and credentials are options of the command."""

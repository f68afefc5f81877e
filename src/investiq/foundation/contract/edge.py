"""What nginx at the edge and our servers say to each other: names of headers, cookies and paths, each once."""

from __future__ import annotations

from enum import StrEnum

from investiq.foundation.vocabulary import Door

__all__ = [
    "DOOR_HEADER",
    "ENTER_PATH",
    "JUDGE_PATH",
    "KIND_HEADER",
    "KNOCK_COOKIE",
    "LEAVE_FOR_PATH",
    "LET_IN_HEADER",
    "PASS_COOKIE",
    "PASS_HEADER",
    "PROOF_HEADER",
    "VISITOR_HEADER",
    "Door",
    "Kind",
]


class Kind(StrEnum):
    """What a request wants, as its method tells."""

    READ = "read"
    WRITE = "write"


JUDGE_PATH = "/internal/edge"
"""Where nginx asks the API whether a request may come in."""
LEAVE_FOR_PATH = "/edge"
"""Of the console: whoever has logged in goes from here to another host, with a ticket."""
ENTER_PATH = "/.investiq/enter"
"""Of each host: where the ticket becomes a pass."""

PASS_COOKIE = "__Host-investiq_pass"  # noqa: S105  a name
KNOCK_COOKIE = "__Host-investiq_knock"
"""Marks the browser that asked to be let in: a ticket is good in that one alone."""

PROOF_HEADER = "x-investiq-edge"
"""Carries the edge's token: a request with it comes from nginx, and what that says of the client is believed."""
DOOR_HEADER = "x-investiq-door"
KIND_HEADER = "x-investiq-kind"
PASS_HEADER = "x-investiq-pass"  # noqa: S105  a name
LET_IN_HEADER = "x-investiq-let-in"
VISITOR_HEADER = "x-investiq-visitor"

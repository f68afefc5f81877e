"""How servers are asked over HTTP: TLS, credentials, time limits, bounded answers, and the one family of errors.

What could not be asked is never called well, and never wrong: an error says what was asked, what came, and what to do.

The HTTP library is loaded when a session is first made: it takes 150 ms, half of what `investiq status` may.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from investiq.clients.session.credentials import HttpCredentials
from investiq.clients.session.errors import (
    BadResponse,
    ClientError,
    Refused,
    TimedOut,
    Unreachable,
    UnusableCredentials,
)
from investiq.clients.session.listener import ForeignListener, TrustedUsers
from investiq.clients.session.next_steps import OURS, TYPED, NextSteps

if TYPE_CHECKING:
    from investiq.clients.session.answer import Answer, rows, text_map, yaml_mapping
    from investiq.clients.session.http import HttpSession, HttpSettings, ServerClient

__all__ = [
    "OURS",
    "TYPED",
    "Answer",
    "BadResponse",
    "ClientError",
    "ForeignListener",
    "HttpCredentials",
    "HttpSession",
    "HttpSettings",
    "NextSteps",
    "Refused",
    "ServerClient",
    "TimedOut",
    "TrustedUsers",
    "Unreachable",
    "UnusableCredentials",
    "rows",
    "text_map",
    "yaml_mapping",
]

_LATER = {
    **dict.fromkeys(("Answer", "rows", "text_map", "yaml_mapping"), "answer"),
    **dict.fromkeys(("HttpSession", "HttpSettings", "ServerClient"), "http"),
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

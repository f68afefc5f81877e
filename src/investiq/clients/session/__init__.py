"""How servers are asked over HTTP: TLS, credentials, time limits, bounded answers, and the one family of errors.

What could not be asked is never called well, and never wrong: an error says what was asked, what came, and what to do.
"""

from investiq.clients.session.answer import Answer, rows, text_map, yaml_mapping
from investiq.clients.session.credentials import HttpCredentials
from investiq.clients.session.errors import (
    BadResponse,
    ClientError,
    Refused,
    TimedOut,
    Unreachable,
    UnusableCredentials,
)
from investiq.clients.session.http import HttpSession, HttpSettings, ServerClient
from investiq.clients.session.listener import ForeignListener, TrustedUsers
from investiq.clients.session.next_steps import OURS, TYPED, NextSteps

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

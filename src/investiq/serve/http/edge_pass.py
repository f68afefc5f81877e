"""Passes through the edge: what a browser shows nginx with each request, and the tickets by which it gets them.

The session of the console is in two halves (`serve/web/browser_session.py`), of which nginx sees one; and what a
browser sends Grafana or Prometheus should open nothing else. So each host of the edge has a pass of its own. It says
which session it belongs to, and is signed; it opens one host, ends with the session, and is no credential of the API.

A browser that has logged in at the console carries a ticket to another host, where it becomes a pass. The ticket is in
an address, which others may see: it is good for half a minute, and only in the browser that knocked at that host, which
has a random cookie to show for it. So nobody can be logged in as somebody else by a link.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from investiq.foundation.contract.edge import Door

__all__ = ["KNOCK_LIFE", "TICKET_LIFE", "EdgePass", "EdgePasses", "is_knock"]

TICKET_LIFE: Final = timedelta(seconds=30)
KNOCK_LIFE: Final = timedelta(minutes=10)
"""In which somebody has to have logged in."""

_PASS = re.compile(r"([0-9a-f]{8})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})")
_TICKET = re.compile(r"([0-9a-f]{8})\.([0-9]{1,12})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})")
_KNOCK = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class EdgePass:
    """What a pass says, once its signature is found right; whether the session still lives, the API knows."""

    session_id: str
    expires_at: datetime


def is_knock(text: str) -> bool:
    """Whether it has the form of one: 128 random bits."""
    return _KNOCK.fullmatch(text) is not None


class EdgePasses:
    """Signs and reads them.

    Args:
        token: the edge's, which only this installation's own processes know.
    """

    def __init__(self, token: str) -> None:
        if not token:
            raise ValueError("the edge's token is empty: anybody could sign with it")
        self._key = token.encode()

    def issue(self, door: Door, session_id: str, expires_at: datetime) -> str:
        """A pass through `door` for as long as the session may last."""
        ends = str(int(expires_at.timestamp()))
        return f"{session_id}.{ends}.{self._signature('pass', door, session_id, ends)}"

    def read(self, door: Door, text: str, now: datetime) -> EdgePass | None:
        """What the pass says; None for one that is forged, of another door, or over."""
        found = _PASS.fullmatch(text)
        if found is None or not self._is_signed(found[3], "pass", door, found[1], found[2]):
            return None
        return _current(found[1], found[2], now)

    def ticket(self, door: Door, held: EdgePass, knock: str, now: datetime) -> str:
        """A ticket to `door` for the browser that knocked there.

        Raises:
            ValueError: that is no knock.
        """
        if not is_knock(knock):
            raise ValueError("a knock has 32 hexadecimal digits")
        ends, until = str(int(held.expires_at.timestamp())), str(int((now + TICKET_LIFE).timestamp()))
        signature = self._signature("ticket", door, held.session_id, ends, until, knock)
        return f"{held.session_id}.{ends}.{until}.{signature}"

    def redeem(self, door: Door, text: str, knock: str, now: datetime) -> EdgePass | None:
        """What a ticket stands for; None for one that is forged, too old, or another browser's or door's."""
        found = _TICKET.fullmatch(text)
        if found is None or not is_knock(knock):
            return None
        if not self._is_signed(found[4], "ticket", door, found[1], found[2], found[3], knock):
            return None
        return _current(found[1], found[2], now) if now.timestamp() < int(found[3]) else None

    def _signature(self, *parts: str) -> str:
        digest = hmac.digest(self._key, "|".join(parts).encode(), "sha256")
        return urlsafe_b64encode(digest).decode("ascii").rstrip("=")

    def _is_signed(self, signature: str, *parts: str) -> bool:
        return hmac.compare_digest(signature, self._signature(*parts))


def _current(session_id: str, ends: str, now: datetime) -> EdgePass | None:
    try:
        expires_at = datetime.fromtimestamp(int(ends), UTC)
    except (OverflowError, ValueError):
        return None
    return EdgePass(session_id, expires_at) if now < expires_at else None

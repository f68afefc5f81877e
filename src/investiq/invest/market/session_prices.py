"""The four real prices of a session, and when each of them is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache

from investiq.invest.market.calendar import Session
from investiq.invest.market.types import Symbol

__all__ = ["price_order", "session_times"]


@lru_cache(maxsize=4096)
def price_order(symbol: Symbol, day: date) -> tuple[str, str, str, str]:
    """The prices of a bar in the order in which they are shown: the open, the two extremes, the close.

    Daily data does not say which extreme came first. Always showing the low first would give every buyer the day's
    low and every seller its high; deciding by the other prices would tell an attentive reader how the day ends. So it
    is a coin, tossed once for each symbol and session by a hash: the same in every run and every process.
    """
    low_first = hashlib.sha256(f"{symbol} {day.isoformat()}".encode()).digest()[0] % 2 == 0
    return ("open", "low", "high", "close") if low_first else ("open", "high", "low", "close")


def session_times(session: Session) -> Sequence[datetime]:
    """When each of the four prices of a session is shown: at the open, after one and two thirds, at the close."""
    third = (session.close - session.open) / 3
    return session.open, session.open + third, session.open + 2 * third, session.close

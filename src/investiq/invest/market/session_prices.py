"""The four real prices of a session, and when each of them is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from investiq.invest.market.calendar import Session
from investiq.invest.market.types import Bar, Symbol

__all__ = ["session_prices", "session_times"]


def session_prices(symbol: Symbol, bar: Bar, session: Session) -> Sequence[tuple[datetime, Decimal]]:
    """(market time, price) of the open, the two extremes after one and two thirds of the session, the close.

    Daily data does not say which extreme came first. Always showing the low first would give every buyer the day's
    low and every seller its high; deciding by the other prices would tell an attentive reader how the day ends. So it
    is a coin, tossed once for each symbol and session by a hash: the same in every run and every process.
    """
    first, second = (bar.low, bar.high) if _low_comes_first(symbol, bar.session) else (bar.high, bar.low)
    return tuple(zip(session_times(session), (bar.open, first, second, bar.close), strict=True))


def session_times(session: Session) -> Sequence[datetime]:
    """When each of the four prices of a session is shown."""
    third = (session.close - session.open) / 3
    return session.open, session.open + third, session.open + 2 * third, session.close


def _low_comes_first(symbol: Symbol, day: date) -> bool:
    return hashlib.sha256(f"{symbol} {day.isoformat()}".encode()).digest()[0] % 2 == 0

"""The sessions of the New York Stock Exchange, from the table that `session_table` keeps.

They are plain tuples, so that every question is a binary search, and a calendar can be shared between threads.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from investiq.foundation.errors import InvestIQError
from investiq.invest.market.session_table import kept_sessions

__all__ = ["OutsideCalendar", "Session", "TradingCalendar", "xnys"]

# A process that runs for long still needs the next session.
_YEARS_AHEAD = 3


class OutsideCalendar(InvestIQError):
    """A day or time for which the calendar has no session."""

    reason = "outside_calendar"


@dataclass(frozen=True, slots=True, order=True)
class Session:
    """One trading day with its open and close as aware UTC datetimes (an early close is already in it)."""

    day: date
    open: datetime
    close: datetime

    @property
    def seconds(self) -> float:
        """How long the session is open."""
        return (self.close - self.open).total_seconds()


class TradingCalendar:
    """Answers questions about sessions. `sessions` are ascending and do not overlap."""

    def __init__(self, name: str, sessions: Iterable[Session]) -> None:
        self.name = name
        self._sessions = tuple(sessions)
        self._days = [session.day for session in self._sessions]
        self._opens = [session.open for session in self._sessions]
        self._open_seconds_before = [0.0, *accumulate(session.seconds for session in self._sessions)]

    @property
    def first(self) -> Session:
        """The earliest session known."""
        return self._sessions[0]

    @property
    def last(self) -> Session:
        """The latest session known."""
        return self._sessions[-1]

    def is_session(self, day: date) -> bool:
        """Whether the exchange opens on `day`."""
        index = bisect_left(self._days, day)
        return index < len(self._days) and self._days[index] == day

    @cached_property
    def days(self) -> NDArray[np.datetime64]:
        """The days of all sessions, ascending: datetime64[D]."""
        return np.array(self._days, dtype="datetime64[D]")

    def session(self, day: date) -> Session:
        """The session of `day`.

        Raises:
            OutsideCalendar: the exchange does not open on `day`.
        """
        index = bisect_left(self._days, day)
        if index < len(self._days) and self._days[index] == day:
            return self._sessions[index]
        raise OutsideCalendar(f"{day} is not a session of {self.name}: expected a day on which the exchange opens")

    def sessions(self, start: date, end: date) -> Sequence[Session]:
        """The sessions from `start` to `end`, both included."""
        return self._sessions[bisect_left(self._days, start) : bisect_right(self._days, end)]

    def latest(self, at: datetime) -> Session:
        """The session that is open at `at`, or else the last one that was."""
        return self._at(bisect_right(self._opens, at) - 1, at)

    def completed(self, at: datetime) -> Session:
        """The last session that is over at `at`."""
        index = bisect_right(self._opens, at) - 1
        running = index >= 0 and at < self._sessions[index].close
        return self._at(index - running, at)

    def next_open(self, at: datetime) -> datetime:
        """The first opening later than `at`."""
        return self._at(bisect_right(self._opens, at), at).open

    def is_open(self, at: datetime) -> bool:
        """Whether the market is open at `at`: from the opening, until just before the close."""
        index = bisect_right(self._opens, at) - 1
        return index >= 0 and at < self._sessions[index].close

    def open_seconds(self, start: datetime, end: datetime) -> float:
        """Seconds between `start` and `end` in which the market was open; negative when `end` is earlier."""
        return self._open_seconds_until(end) - self._open_seconds_until(start)

    def missing(self, days: Sequence[date]) -> Sequence[date]:
        """The sessions between the first and the last of the ascending `days` that are not among them."""
        if not days:
            return ()
        present = set(days)
        return [session.day for session in self.sessions(days[0], days[-1]) if session.day not in present]

    def _open_seconds_until(self, at: datetime) -> float:
        index = bisect_right(self._opens, at) - 1
        if index < 0:
            return 0.0
        session = self._sessions[index]
        return self._open_seconds_before[index] + (min(at, session.close) - session.open).total_seconds()

    def _at(self, index: int, asked: object) -> Session:
        if 0 <= index < len(self._sessions):
            return self._sessions[index]
        raise OutsideCalendar(
            f"{self.name} has no session for {asked}: its calendar here runs from {self.first.day} to {self.last.day}"
        )


@cache
def xnys() -> TradingCalendar:
    """The calendar of the New York Stock Exchange, from 1970 to some years from now. Built once for the process."""
    end = datetime.now(UTC).date() + timedelta(days=366 * _YEARS_AHEAD)
    return TradingCalendar("XNYS", (Session(opens.date(), opens, closes) for opens, closes in kept_sessions(end)))

"""The sessions of the New York Stock Exchange as a small text, made from what `exchange_calendars` says.

The library needs pandas: 100 MB and a second of every process that only wants to know when the market opens. So what it
says is kept here, in `data/xnys.txt`, and a test compares the two. After a new release of the library:

    python -m tests.invest.market.session_library

Every day from Monday to Friday is a session, from the hours of the session before it, but where a line says otherwise:
`2012-10-29 closed`, or its own opening and close in UTC, `2012-11-23 14:30 18:00`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources

__all__ = ["CLOSED", "FIRST_DAY", "LAST_DAY", "TABLE", "Hours", "kept_sessions", "weekdays"]

# Before 1970 the library misses holidays (it has sessions on New Year's Day of 1951 to 1969).
FIRST_DAY = date(1970, 1, 1)
# Holidays follow rules, so the future is known as long as nobody changes them.
LAST_DAY = date(2049, 12, 31)

Hours = tuple[datetime, datetime]
"""The opening and the close of one session, aware, in UTC."""

CLOSED = "closed"
_SATURDAY = 5

TABLE = resources.files(__package__) / "data" / "xnys.txt"


def kept_sessions(until: date) -> Iterator[Hours]:
    """The sessions from `FIRST_DAY` to `until`, both included; none is known after `LAST_DAY`."""
    text = TABLE.read_text("utf-8")
    changes = {day: rest.split() for day, _, rest in (line.partition(" ") for line in text.splitlines())}
    opens = closes = time()
    for day in weekdays(until):
        match changes.get(day.isoformat()):
            case [word] if word == CLOSED:
                continue
            case [opening, closing]:
                opens, closes = (time.fromisoformat(each).replace(tzinfo=UTC) for each in (opening, closing))
        yield datetime.combine(day, opens), datetime.combine(day, closes)


def weekdays(until: date) -> Iterator[date]:
    """The days from Monday to Friday, from `FIRST_DAY` to `until` or `LAST_DAY`."""
    days = (FIRST_DAY + timedelta(number) for number in range((min(until, LAST_DAY) - FIRST_DAY).days + 1))
    return (day for day in days if day.weekday() < _SATURDAY)

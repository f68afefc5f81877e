"""The sessions of the New York Stock Exchange as a small text, and how it is made from `exchange_calendars`.

The library needs pandas: 100 MB and a second of every process that only wants to know when the market opens. So what it
says is kept here, in `data/xnys.txt`, and a test compares the two. After a new release of the library:

    python -m investiq.invest.market.session_table

Every day from Monday to Friday is a session, from the hours of the session before it, but where a line says otherwise:
`2012-10-29 closed`, or its own opening and close in UTC, `2012-11-23 14:30 18:00`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources

__all__ = ["FIRST_DAY", "LAST_DAY", "Hours", "kept_sessions", "library_sessions", "table_lines"]

# Before 1970 the library misses holidays (it has sessions on New Year's Day of 1951 to 1969).
FIRST_DAY = date(1970, 1, 1)
# Holidays follow rules, so the future is known as long as nobody changes them.
LAST_DAY = date(2049, 12, 31)

Hours = tuple[datetime, datetime]
"""The opening and the close of one session, aware, in UTC."""

_CLOSED = "closed"
_SATURDAY = 5
_FILE = "xnys.txt"


def kept_sessions(until: date) -> Iterator[Hours]:
    """The sessions from `FIRST_DAY` to `until`, both included; none is known after `LAST_DAY`."""
    text = (resources.files(__package__) / "data" / _FILE).read_text("utf-8")
    changes = {day: rest.split() for day, _, rest in (line.partition(" ") for line in text.splitlines())}
    opens = closes = time()
    for day in _weekdays(until):
        match changes.get(day.isoformat()):
            case [word] if word == _CLOSED:
                continue
            case [opening, closing]:
                opens, closes = (time.fromisoformat(each).replace(tzinfo=UTC) for each in (opening, closing))
        yield datetime.combine(day, opens), datetime.combine(day, closes)


def _weekdays(until: date) -> Iterator[date]:
    days = (FIRST_DAY + timedelta(number) for number in range((min(until, LAST_DAY) - FIRST_DAY).days + 1))
    return (day for day in days if day.weekday() < _SATURDAY)


def table_lines(sessions: Iterable[Hours]) -> Iterator[str]:
    """The table that `sessions` make, from `FIRST_DAY` to the last of them.

    Raises:
        ValueError: there is a session on a Saturday or Sunday, or one that spans two days.
    """
    by_day = {opens.date(): (opens, closes) for opens, closes in sessions}
    last = max(by_day)
    hours = ""
    for day in _weekdays(last):
        session = by_day.pop(day, None)
        if session is None:
            yield f"{day} {_CLOSED}"
            continue
        if session[1].date() != day:
            raise ValueError(f"the session of {day} does not end on its day in UTC: the table cannot say so")
        now = f"{session[0]:%H:%M} {session[1]:%H:%M}"
        if now != hours:
            yield f"{day} {now}"
        hours = now
    if by_day:
        raise ValueError(f"the table cannot say that {min(by_day)} is a session")


def library_sessions() -> Iterator[Hours]:
    """What `exchange_calendars` says from `FIRST_DAY` to `LAST_DAY`: for development only."""
    import exchange_calendars  # noqa: PLC0415  see above

    library = exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat())
    for opens, closes in zip(library.opens, library.closes, strict=True):
        yield opens.to_pydatetime().astimezone(UTC), closes.to_pydatetime().astimezone(UTC)


if __name__ == "__main__":
    table = "".join(f"{line}\n" for line in table_lines(library_sessions()))
    with resources.as_file(resources.files(__package__) / "data" / _FILE) as path:
        path.write_text(table, "utf-8")

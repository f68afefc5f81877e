"""What `exchange_calendars` says of the New York Stock Exchange, and the table that is kept of it.

    python -m tests.invest.market.session_library

writes the table anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from importlib import resources

import exchange_calendars

from investiq.invest.market.session_table import CLOSED, FIRST_DAY, LAST_DAY, TABLE, Hours, weekdays

__all__ = ["library_sessions", "table_lines"]


def table_lines(sessions: Iterable[Hours]) -> Iterator[str]:
    """The table that `sessions` make, from `FIRST_DAY` to the last of them.

    Raises:
        ValueError: there is a session on a Saturday or Sunday, or one that spans two days.
    """
    by_day = {opens.date(): (opens, closes) for opens, closes in sessions}
    last = max(by_day)
    hours = ""
    for day in weekdays(last):
        session = by_day.pop(day, None)
        if session is None:
            yield f"{day} {CLOSED}"
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
    """What the library says from `FIRST_DAY` to `LAST_DAY`."""
    library = exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat())
    for opens, closes in zip(library.opens, library.closes, strict=True):
        yield opens.to_pydatetime().astimezone(UTC), closes.to_pydatetime().astimezone(UTC)


if __name__ == "__main__":
    with resources.as_file(TABLE) as path:
        path.write_text("".join(f"{line}\n" for line in table_lines(library_sessions())), "utf-8")

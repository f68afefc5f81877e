"""A user's table of prices, headlines or figures: names of columns, rows, and cells as days, times and numbers.

A cell that cannot be turned raises `ValueError` with words that fit behind the cell's place: `AAPL.csv:17: ...`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from zoneinfo import ZoneInfo

from investiq.foundation.foreign_text import visible
from investiq.foundation.numbers import MalformedNumber, parse_decimal
from investiq.invest.market.columns import column_key
from investiq.invest.market.file_bounds import LONGEST_NUMBER

__all__ = [
    "Problems",
    "Row",
    "Table",
    "UnreadableTable",
    "day_of",
    "number_of",
    "publication_time_of",
]

_EXCHANGE_ZONE = ZoneInfo("America/New_York")
_SHOWN_CHARACTERS = 60
_LISTED = 20
_GREATEST_EXPONENT = 30
"""Beyond 1e30 is no price, volume or figure of a company; arithmetic with 1e999999999 raises."""


class UnreadableTable(Exception):
    """The file is no table at all; the message says why, with its place."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record: where it stands (`AAPL.csv:17`), and its cells in the order of the table's columns."""

    place: str
    cells: Sequence[object]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column names, which are matched by `column_key`: case, spaces and punctuation do not count."""

    file: str
    columns: Sequence[str]
    rows: Iterable[Row]

    def position(self, *names: str) -> int | None:
        """Where the column called by any of `names` (such as "adj_close") stands; None when there is none.

        Raises:
            UnreadableTable: several columns go by these names.
        """
        wanted = {column_key(name) for name in names}
        found = [index for index, column in enumerate(self.columns) if column_key(column) in wanted]
        if len(found) > 1:
            called = f"{len(found)} columns called {' or '.join(names)}"
            written = ", ".join(_shown(self.columns[index]) for index in found)
            raise UnreadableTable(f"{self.file}:1: {called}: expected one, got {written}")
        return found[0] if found else None

    def require(self, *names: str) -> int:
        """Like `position`, but a column that is missing is an error too."""
        position = self.position(*names)
        if position is None:
            columns = ", ".join(map(visible, self.columns[:_LISTED]))
            more = len(self.columns) - _LISTED
            further = f" and {more} more" if more > 0 else ""
            raise UnreadableTable(f"{self.file}:1: no column {' or '.join(names)}; the columns are {columns}{further}")
        return position


class Problems:
    """What is wrong with the rows of a file: the first twenty, and how many more. A file of bad rows stays readable."""

    def __init__(self) -> None:
        self._first: list[str] = []
        self._number = 0

    def add(self, problem: str) -> None:
        self._number += 1
        if self._number <= _LISTED:
            self._first.append(problem)

    @property
    def lines(self) -> Sequence[str]:
        """One for each problem; empty when there is none."""
        more = self._number - _LISTED
        return self._first if more <= 0 else [*self._first, f"... and {more} more rows"]


def day_of(cell: object) -> date:
    """The day in an ISO date, or in a date and time at midnight (as data frames write days)."""
    stamp = _iso(cell, datetime.fromisoformat)
    if stamp.time() != time_of_day.min:
        raise ValueError(f"{_plain(cell)} has a time of day: expected one bar a day, with a date such as 2008-01-02")
    return stamp.date()


def publication_time_of(cell: object) -> datetime:
    """The UTC time in an ISO date and time with its offset. A bare date is public when that day ends in New York."""
    try:
        if isinstance(cell, str) and len(cell.strip()) == len("2008-01-02"):
            day = _iso(cell, date.fromisoformat)
            return datetime.combine(day + timedelta(days=1), time_of_day.min, _EXCHANGE_ZONE).astimezone(UTC)
        stamp = _iso(cell, datetime.fromisoformat)
        if stamp.tzinfo is None:
            example = "2008-01-02T14:30:00Z, or a bare date"
            raise ValueError(f"{_plain(cell)} has no offset: expected a time such as {example}")
        return stamp.astimezone(UTC)
    except OverflowError:  # of 9999-12-31 the end, of 0001-01-01 the beginning
        raise ValueError(f"{_plain(cell)} is beyond the years that are counted") from None


def _iso(cell: object, parse: Callable[[str], date]) -> datetime:
    try:
        parsed = parse(str(cell).strip())
    except ValueError:
        raise ValueError(f"{_shown(cell)} is not a date such as 2008-01-02") from None
    return parsed if isinstance(parsed, datetime) else datetime.combine(parsed, time_of_day.min)


def number_of(cell: object) -> Decimal:
    """The finite number in `cell`; floats as they are printed, since that is what the file's author saw."""
    text = "" if cell is None else str(cell).strip()
    if not text:
        raise ValueError("is empty: expected a number")
    if text.lstrip("+-").lower() in ("nan", "inf", "infinity"):
        raise ValueError(f"{text} is not a finite number")
    try:
        number = parse_decimal(text if len(text) <= LONGEST_NUMBER else "too long")
    except MalformedNumber:
        raise ValueError(f"{_shown(cell)} is not a number") from None
    if not number:
        return Decimal(0)  # whatever its exponent
    if abs(number.adjusted()) > _GREATEST_EXPONENT:
        raise ValueError(f"{_plain(cell)} is beyond any price, volume or figure")
    return number


def _shown(cell: object) -> str:
    """The cell in quotes, cut where it is long."""
    text = str(cell)
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")


def _plain(cell: object) -> str:
    """The cell as it stands, which is known to be short."""
    return visible(str(cell).strip())

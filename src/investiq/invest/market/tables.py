"""Reads a user's CSV and Parquet files row by row, and turns single cells into days, times and numbers.

A cell that cannot be turned raises `ValueError` with words that fit behind the cell's place: `AAPL.csv:17: ...`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow
import pyarrow.parquet

__all__ = ["Row", "Table", "UnreadableTable", "day_of", "listed", "number_of", "publication_time_of", "read_table"]

_EXCHANGE_ZONE = ZoneInfo("America/New_York")
_LISTED = 20


class UnreadableTable(Exception):
    """The file is no table at all; the message says why, with its place."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record: where it stands (`AAPL.csv:17`), and its cells in the order of the table's columns."""

    place: str
    cells: Sequence[object]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column names, which are matched without regard to case, spaces, hyphens and underscores."""

    file: str
    columns: Sequence[str]
    rows: Iterable[Row]

    def position(self, *names: str) -> int | None:
        """Where the column called by any of `names` (such as "adj_close") stands; None when there is none.

        Raises:
            UnreadableTable: several columns go by these names.
        """
        wanted = {_plain(name) for name in names}
        found = [index for index, column in enumerate(self.columns) if _plain(column) in wanted]
        if len(found) > 1:
            raise UnreadableTable(f"{self.file}:1: {len(found)} columns called {' or '.join(names)}: expected one")
        return found[0] if found else None

    def require(self, *names: str) -> int:
        """Like `position`, but a column that is missing is an error too."""
        position = self.position(*names)
        if position is None:
            raise UnreadableTable(
                f"{self.file}:1: no column {' or '.join(names)}; the columns are {', '.join(self.columns)}"
            )
        return position


def read_table(path: Path) -> Table:
    """The table in the CSV or Parquet file `path`. CSV rows are read as they are asked for.

    Raises:
        UnreadableTable: the file cannot be opened, or is not of the kind that its name says. CSV that breaks off later
            raises it while the rows are read.
    """
    return _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path)


def _read_csv(path: Path) -> Table:
    rows = _csv_rows(path)
    header = next(rows, None)
    if header is None:
        raise UnreadableTable(f"{path.name}: empty file, expected a line of column names")
    return Table(path.name, [str(cell).strip() for cell in header.cells], rows)


def _csv_rows(path: Path) -> Iterator[Row]:
    try:
        # utf-8-sig: spreadsheets put a byte order mark before the first column name.
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for cells in reader:
                if cells:
                    yield Row(f"{path.name}:{reader.line_num}", cells)
    except UnicodeDecodeError as error:
        raise UnreadableTable(f"{path.name}: not UTF-8 text: {error.reason}") from error
    except csv.Error as error:
        raise UnreadableTable(f"{path.name}:{reader.line_num}: not CSV: {error}") from error
    except OSError as error:
        raise UnreadableTable(f"{path.name}: cannot be read: {error.strerror}") from error


def _read_parquet(path: Path) -> Table:
    try:
        table = pyarrow.parquet.ParquetFile(path).read()
    except (pyarrow.ArrowException, OSError) as error:
        raise UnreadableTable(f"{path.name}: not a readable Parquet file: {error}") from error
    columns = [column.to_pylist() for column in table.columns]
    rows = (Row(f"{path.name} row {number}", cells) for number, cells in enumerate(zip(*columns, strict=True), start=1))
    return Table(path.name, table.column_names, rows)


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "").replace("_", "").replace("-", "")


def day_of(cell: object) -> date:
    """The day in an ISO date, or in a date and time at midnight (as data frames write days)."""
    stamp = _iso(cell, datetime.fromisoformat)
    if stamp.time() != time_of_day.min:
        raise ValueError(f"{cell} has a time of day: expected one bar a day, with a date such as 2008-01-02")
    return stamp.date()


def publication_time_of(cell: object) -> datetime:
    """The UTC time in an ISO date and time with its offset. A bare date is public when that day ends in New York."""
    if isinstance(cell, str) and len(cell.strip()) == len("2008-01-02"):
        day = _iso(cell, date.fromisoformat)
        return datetime.combine(day + timedelta(days=1), time_of_day.min, _EXCHANGE_ZONE).astimezone(UTC)
    stamp = _iso(cell, datetime.fromisoformat)
    if stamp.tzinfo is None:
        raise ValueError(f"{cell} has no offset: expected a time such as 2008-01-02T14:30:00Z, or a bare date")
    return stamp.astimezone(UTC)


def _iso(cell: object, parse: Callable[[str], date]) -> datetime:
    try:
        parsed = parse(str(cell).strip())
    except ValueError:
        raise ValueError(f"{cell!r} is not a date such as 2008-01-02") from None
    return parsed if isinstance(parsed, datetime) else datetime.combine(parsed, time_of_day.min)


def number_of(cell: object) -> Decimal:
    """The finite number in `cell`; floats as they are printed, since that is what the file's author saw."""
    if cell is None or not str(cell).strip():
        raise ValueError("is empty: expected a number")
    try:
        number = Decimal(str(cell).strip())
    except InvalidOperation:
        raise ValueError(f"{cell!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{cell} is not a finite number")
    return number


def listed(problems: Sequence[str]) -> Sequence[str]:
    """The first of `problems`, and how many more there are: a file that is wrong throughout stays readable."""
    more = len(problems) - _LISTED
    return problems if more <= 0 else [*problems[:_LISTED], f"... and {more} more rows"]

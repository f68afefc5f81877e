"""Checks the bars of a file of the user's own: every bad row is named, and none is mended.

Prices are rounded to `PRICE_STEP` before they are compared: float noise such as a high of 10.119999999 under a close of
10.12 is not a contradiction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from investiq.invest.market.adjustment import adjusted_bar
from investiq.invest.market.calendar import TradingCalendar
from investiq.invest.market.columns import UnusedColumn, column_key, nearest_name
from investiq.invest.market.history import History
from investiq.invest.market.tables import Problems, Row, Table, UnreadableTable, day_of, number_of
from investiq.invest.market.types import PRICE_STEP, Bar

__all__ = ["BarColumns", "CheckedBars", "check_bars"]

_PRICES = ("open", "high", "low", "close")
_SESSION = ("session", "date")
_OTHER_SESSION = ("timestamp", "datetime")
"""What Alpha Vantage and Twelve Data call it; beside a date they may be something else."""
_ADJUSTED = ("adj_close", "adjusted_close", "adjusted")
_KNOWN = (*_ADJUSTED, *_SESSION, *_PRICES, "volume")
_SCALED_TOO = {f"{adjusted}{name}" for adjusted in ("adj", "adjusted") for name in ("open", "high", "low", "volume")}
"""What Tiingo, Quandl and others write beside the adjusted close: the same that comes of it here."""
_LARGEST = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class CheckedBars:
    """The bars of a file, ascending, or what is wrong with it: then there are none.

    Attributes:
        unused: columns that are nearly called like one that is read.
    """

    bars: History
    problems: Sequence[str]
    unused: Sequence[UnusedColumn] = ()


def check_bars(table: Table, calendar: TradingCalendar) -> CheckedBars:
    """Read all rows of `table` (session or date, open, high, low, close, volume, perhaps an adjusted close).

    A row is bad when a cell is missing, no number or no date; a price is not positive; the low is above the high, or
    the open or the close outside of them; the volume is negative; the day is no session of `calendar`, stands twice, or
    comes after a later one.
    """
    try:
        return _Checker(table, calendar).run()
    except UnreadableTable as error:
        return CheckedBars(History.of(()), [str(error)])


class BarColumns:
    """Where the columns of a table of bars stand.

    Attributes:
        session_at: of the session.
        numbers_at: of each price, of the volume, and of the adjusted close (`adjusted`) where there is one.

    Raises:
        UnreadableTable: one is missing, or there are several.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        at = table.position(*_SESSION)
        self.session_at = table.require(*_SESSION, *_OTHER_SESSION) if at is None else at
        self.numbers_at = {name: table.require(name) for name in (*_PRICES, "volume")}
        adjusted_at = table.position(*_ADJUSTED)
        if adjusted_at is not None:
            self.numbers_at["adjusted"] = adjusted_at

    def unused(self) -> Iterator[UnusedColumn]:
        """The columns whose loss somebody should hear of. Prices that are not adjusted look right, and are not."""
        taken = {self.session_at, *self.numbers_at.values()}
        for at, name in enumerate(self._table.columns):
            key = column_key(name)
            if at in taken or ("adjusted" in self.numbers_at and key in _SCALED_TOO):
                continue
            if like := nearest_name(name, _KNOWN) or (_ADJUSTED[0] if "adj" in key else ""):
                yield UnusedColumn(self._table.file, name, like)


class _Checker:
    def __init__(self, table: Table, calendar: TradingCalendar) -> None:
        self._table = table
        self._columns = BarColumns(table)
        self._calendar = calendar
        self._places: dict[date, str] = {}
        self._latest = date.min

    def run(self) -> CheckedBars:
        bars: list[Bar] = []
        problems = Problems()
        for row in self._table.rows:
            try:
                bars.append(self._bar(row))
            except ValueError as error:
                problems.add(f"{row.place}: {error}")
        if not bars and not problems.lines:
            problems.add(f"{self._table.file}: no rows under the column names")
        return CheckedBars(
            History.of(() if problems.lines else bars), tuple(problems.lines), tuple(self._columns.unused())
        )

    def _bar(self, row: Row) -> Bar:
        if len(row.cells) != len(self._table.columns):
            raise ValueError(f"{len(row.cells)} cells under {len(self._table.columns)} column names")
        # Order is judged by the date alone, so that a row with a bad price does not make the next ones look misplaced.
        day = day_of(row.cells[self._columns.session_at])
        misplaced = self._misplaced(day, row.place)
        numbers = {name: self._number(name, row.cells[at]) for name, at in self._columns.numbers_at.items()}
        wrong = [*misplaced, *_contradictions(numbers)]
        if wrong:
            raise ValueError("; ".join(wrong))
        return _scaled(day, numbers)

    def _misplaced(self, day: date, place: str) -> Sequence[str]:
        if day in self._places:
            return [f"session {day} again, first at {self._places[day]}"]
        self._places[day] = place
        if day < self._latest:
            return [f"session {day} comes after {self._latest}: expected ascending sessions"]
        self._latest = day
        return () if self._calendar.is_session(day) else [f"{day} is not a session of {self._calendar.name}"]

    @staticmethod
    def _number(name: str, cell: object) -> Decimal:
        try:
            number = number_of(cell)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None
        if abs(number) >= _LARGEST:
            raise ValueError(f"{name} {cell} is beyond any price or volume")
        return number.quantize(PRICE_STEP) if name in _PRICES else number


def _contradictions(numbers: dict[str, Decimal]) -> Iterator[str]:
    high, low = numbers["high"], numbers["low"]
    for name in numbers.keys() - {"volume"}:
        if numbers[name] <= 0:
            yield f"{name} {numbers[name]} is not positive"
    if numbers["volume"] < 0:
        yield f"volume {numbers['volume']} is negative"
    if high < low:
        yield f"high {high} is below low {low}"
        return
    for name in ("open", "close"):
        if not low <= numbers[name] <= high:
            yield f"{name} {numbers[name]} is outside low {low} to high {high}"


def _scaled(day: date, numbers: dict[str, Decimal]) -> Bar:
    prices = {name: numbers[name] for name in _PRICES}
    adjusted = numbers.get("adjusted", numbers["close"])
    try:
        bar = adjusted_bar(day, **prices, volume=numbers["volume"], adjusted_close=adjusted)
    except ArithmeticError:
        raise ValueError(f"adjusted close {adjusted} does not fit close {numbers['close']}") from None
    if max(bar.high, Decimal(bar.volume)) >= _LARGEST:
        raise ValueError(f"adjusted close {adjusted} does not fit close {numbers['close']}")
    if bar.low <= 0:
        raise ValueError(f"adjusted prices round to 0 in steps of {PRICE_STEP} dollars")
    return bar

"""Reads a plain CSV file of bars column by column, some twenty times as fast as `bar_checks` does row by row.

It accepts only what `bar_checks` would accept, and then gives the same bars to the last digit. Whatever it is not sure
of (a quote, a space, an exponent, an odd date, any fault) it leaves to `bar_checks`, whose refusals name the place.

Floats stand in for decimals here. A number is rounded with them only where it lies so far from the middle between two
steps that their error cannot matter; the rows that do not are computed again as decimals.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.csv
from numpy.typing import NDArray

from investiq.invest.market.adjustment import adjusted_bar
from investiq.invest.market.bar_checks import BarColumns, CheckedBars
from investiq.invest.market.calendar import TradingCalendar
from investiq.invest.market.file_bounds import MOST_COLUMNS, rows_under
from investiq.invest.market.history import History
from investiq.invest.market.tables import Table, UnreadableTable
from investiq.invest.market.types import PRICE_STEP

__all__ = ["plain_bars"]

Floats = NDArray[np.float64]

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_NUMBER: Final = r"^[0-9]{1,12}(\.[0-9]{0,20})?$"
_DAY: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]00:00(:00)?([+-](0[0-9]|1[0-9]|2[0-3]):[0-5][0-9])?)?$"
_LONGEST_LINE: Final = 100_000
"""Beyond it are cells that the reader of CSV refuses."""
_PRICES: Final = ("open", "high", "low", "close")
_STEPS_A_DOLLAR: Final = float(1 / PRICE_STEP)

_LARGEST: Final = 2.0**40
"""Steps or shares (1e8 dollars, 1e12 shares). Below it, a few roundings of floats err by less than 1e-3."""

_DOUBTFUL: Final = 2e-3
"""Distance from the middle between two steps below which floats do not decide."""


class _NotPlain(Exception):
    """Something that is for `bar_checks` to read, or to refuse."""


def plain_bars(name: str, content: bytes, calendar: TradingCalendar, most_rows: int) -> CheckedBars | None:
    """The bars in the CSV file `name`; None when that is for `bar_checks` to say."""
    try:
        header, body = _split(content)
        columns = BarColumns(Table(name, header, ()))
        texts = _texts(len(header), body, columns)
        if not 0 < len(texts["session"]) <= rows_under(len(header), most_rows):
            return None
        return CheckedBars(_history(texts, calendar), (), tuple(columns.unused()))
    except (_NotPlain, UnreadableTable, pyarrow.ArrowException):
        return None


def _split(content: bytes) -> tuple[list[str], bytes]:
    content = content.removeprefix(_BYTE_ORDER_MARK)
    if not content.isascii() or b'"' in content or b"\0" in content:
        raise _NotPlain
    if b"\r" in content and content.count(b"\r") != content.count(b"\r\n"):
        raise _NotPlain
    header, _, body = content.partition(b"\n")
    columns = [cell.strip() for cell in header.decode("ascii").split(",")]
    if not header.strip() or not body.strip() or len(columns) > MOST_COLUMNS:
        raise _NotPlain
    if len(content) > _LONGEST_LINE and max(map(len, content.split(b"\n"))) > _LONGEST_LINE:
        raise _NotPlain
    return columns, body


def _texts(count: int, body: bytes, columns: BarColumns) -> Mapping[str, Any]:
    """The cells of each column that is read, as they are written."""
    named = {"session": columns.session_at, **columns.numbers_at}
    names = [str(at) for at in range(count)]
    table = pyarrow.csv.read_csv(
        pyarrow.BufferReader(body),
        pyarrow.csv.ReadOptions(use_threads=False, block_size=len(body) + 1, column_names=names),
        pyarrow.csv.ParseOptions(quote_char=False, escape_char=False),
        pyarrow.csv.ConvertOptions(
            include_columns=[str(at) for at in named.values()],
            column_types={name: pyarrow.string() for name in names},
            strings_can_be_null=False,
        ),
    )
    texts = {name: table.column(str(at)).combine_chunks() for name, at in named.items()}
    for name, cells in texts.items():
        form = _DAY if name == "session" else _NUMBER
        if not pyarrow.compute.all(pyarrow.compute.match_substring_regex(cells, form)).as_py():
            raise _NotPlain
    return texts


def _history(texts: Mapping[str, Any], calendar: TradingCalendar) -> History:
    sessions = _sessions(texts["session"], calendar)
    numbers = {name: cells.cast(pyarrow.float64()).to_numpy() for name, cells in texts.items() if name != "session"}
    prices = {name: _prices(numbers[name], texts[name]) for name in _PRICES}
    volume = numbers["volume"]
    _check(prices)
    doubtful = np.zeros(len(sessions), dtype=bool)
    if "adjusted" in numbers:
        adjusted, close = numbers["adjusted"], prices["close"]
        if not (adjusted > 0).all():
            raise _NotPlain
        volume = volume * (close / _STEPS_A_DOLLAR) / adjusted
        scaled = {name: price * adjusted / (close / _STEPS_A_DOLLAR) for name, price in prices.items()}
        doubtful = np.logical_or.reduce([_is_doubtful(price) for price in scaled.values()])
        prices = {name: np.rint(price) for name, price in scaled.items()}
    doubtful |= _is_doubtful(volume)
    columns: dict[str, Any] = {name: price.astype(np.uint64) for name, price in prices.items()}
    columns["volume"] = np.rint(volume).astype(np.int64)
    _recompute(columns, np.flatnonzero(doubtful), texts)
    if not columns["low"].all():
        raise _NotPlain
    return History(sessions, **columns)


def _sessions(cells: Any, calendar: TradingCalendar) -> NDArray[np.datetime64]:
    days = pyarrow.compute.utf8_slice_codeunits(cells, 0, len("2008-01-02")).cast(pyarrow.date32())
    sessions: NDArray[np.datetime64] = days.to_numpy(zero_copy_only=False).astype("datetime64[D]")
    places = np.minimum(calendar.days.searchsorted(sessions), len(calendar.days) - 1)
    if (calendar.days[places] != sessions).any() or (sessions[1:] <= sessions[:-1]).any():
        raise _NotPlain
    return sessions


def _prices(numbers: Floats, texts: Any) -> Floats:
    """Whole steps, as floats that hold them exactly."""
    steps = numbers * _STEPS_A_DOLLAR
    doubtful = np.flatnonzero(_is_doubtful(steps))
    found: Floats = np.rint(steps)
    for row in doubtful:
        found[row] = float(Decimal(texts[int(row)].as_py()).quantize(PRICE_STEP) / PRICE_STEP)
    return found


def _is_doubtful(numbers: Floats) -> NDArray[np.bool_]:
    """Whether floats cannot tell which way a number is rounded.

    Raises:
        _NotPlain: one is so large that they never can.
    """
    if not (numbers < _LARGEST).all():
        raise _NotPlain
    doubtful: NDArray[np.bool_] = np.abs(numbers - np.floor(numbers) - 0.5) < _DOUBTFUL
    return doubtful


def _check(prices: Mapping[str, Floats]) -> None:
    low, high = prices["low"], prices["high"]
    if not (low > 0).all() or any(((prices[name] < low) | (prices[name] > high)).any() for name in _PRICES):
        raise _NotPlain


def _recompute(columns: dict[str, NDArray[Any]], rows: NDArray[np.intp], texts: Mapping[str, Any]) -> None:
    """The rows that floats do not decide, as `bar_checks` computes them."""
    for row in map(int, rows):
        cells = {name: Decimal(cells[row].as_py()) for name, cells in texts.items() if name != "session"}
        prices = {name: cells[name].quantize(PRICE_STEP) for name in _PRICES}
        adjusted = cells.get("adjusted", prices["close"])
        day = texts["session"][row].as_py()
        bar = adjusted_bar(day, **prices, volume=cells["volume"], adjusted_close=adjusted)
        for name in _PRICES:
            columns[name][row] = int(getattr(bar, name) / PRICE_STEP)
        columns["volume"][row] = bar.volume

"""The bars of one symbol as columns: what analysis and training read, while orders and money read single `Bar`s.

Prices are kept as whole numbers of `PRICE_STEP`, so a `Bar` made from a row has the very digits that went in. Arrays
are read-only and may lie in a file that is mapped into memory; a slice shares them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from investiq.invest.market.types import PRICE_STEP, Bar

__all__ = ["Floats", "History", "PriceSeries"]

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]
Steps = NDArray[np.uint64]
Shares = NDArray[np.int64]
Column = TypeVar("Column", bound=NDArray[Any])

_STEPS_A_DOLLAR: Final = int(1 / PRICE_STEP)
_EXPONENT: Final = -4
_EXACT_IN_FLOAT: Final = 2**53
_PRICES: Final = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Bars as float64 arrays of one length, oldest first, read-only because engines share them."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @classmethod
    def of(cls, bars: Sequence[Bar]) -> PriceSeries:
        """The columns of `bars`, each number the float nearest to it."""
        if isinstance(bars, History):
            return bars.floats()
        columns = ([getattr(bar, name) for bar in bars] for name in (*_PRICES, "volume"))
        return cls(*(_read_only(np.array(column, dtype=np.float64)) for column in columns))

    def __len__(self) -> int:
        return len(self.close)


class History(Sequence[Bar]):
    """Bars of ascending sessions. Takes over the arrays, which nobody may change from then on.

    Args:
        sessions: datetime64[D], ascending.
        open, high, low, close: prices in steps of `PRICE_STEP`, uint64. The dearest price that is read, just below 1e15
            dollars, is beyond int64.
        volume: shares, int64.
    """

    __slots__ = ("close", "high", "low", "open", "sessions", "volume")

    def __init__(  # noqa: PLR0917  in the order of `columns`
        self, sessions: Days, open: Steps, high: Steps, low: Steps, close: Steps, volume: Shares
    ) -> None:
        self.sessions = _read_only(sessions)
        self.open = _read_only(open)
        self.high = _read_only(high)
        self.low = _read_only(low)
        self.close = _read_only(close)
        self.volume = _read_only(volume)

    @classmethod
    def of(cls, bars: Sequence[Bar]) -> History:
        """The columns of `bars`, which ascend.

        Raises:
            ValueError: a price is no multiple of `PRICE_STEP`, not positive, or beyond any price.
        """
        if isinstance(bars, History):
            return bars
        open_, high, low, close = (
            np.array([_steps(getattr(bar, name)) for bar in bars], dtype=np.uint64) for name in _PRICES
        )
        sessions = np.array([bar.session for bar in bars], dtype="datetime64[D]")
        volume = np.array([bar.volume for bar in bars], dtype=np.int64)
        return cls(sessions, open_, high, low, close, volume)

    @overload
    def __getitem__(self, index: int) -> Bar: ...
    @overload
    def __getitem__(self, index: slice) -> History: ...
    def __getitem__(self, index: int | slice) -> Bar | History:
        if isinstance(index, slice):
            return History(*(column[index] for column in self.columns()))
        return Bar(
            session=self.session(index),
            open=_dollars(self.open[index]),
            high=_dollars(self.high[index]),
            low=_dollars(self.low[index]),
            close=_dollars(self.close[index]),
            volume=int(self.volume[index]),
        )

    def __len__(self) -> int:
        return len(self.sessions)

    def __iter__(self) -> Iterator[Bar]:
        for session, open_, high, low, close, volume in zip(*(c.tolist() for c in self.columns()), strict=True):
            yield Bar(session, _dollars(open_), _dollars(high), _dollars(low), _dollars(close), volume)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        return all(np.array_equal(one, two) for one, two in zip(self.columns(), other.columns(), strict=True))

    __hash__ = None  # type: ignore[assignment]  # like any value of arrays

    def __repr__(self) -> str:
        return f"History({len(self)} bars, {self.session(0)} to {self.session(-1)})" if len(self) else "History()"

    def __reduce__(self) -> tuple[type[History], tuple[NDArray[Any], ...]]:
        """How it goes to another process."""
        return History, self.columns()

    def columns(self) -> tuple[NDArray[Any], ...]:
        """Sessions, open, high, low, close, volume: as the constructor takes them."""
        return self.sessions, self.open, self.high, self.low, self.close, self.volume

    def session(self, index: int) -> date:
        """The session of one bar, without making the bar."""
        day: date = self.sessions[index].item()
        return day

    def before(self, day: date) -> int:
        """How many bars are of sessions before `day`."""
        return int(self.sessions.searchsorted(np.datetime64(day, "D"), "left"))

    def until(self, day: date) -> int:
        """How many bars are of sessions up to `day`, `day` included."""
        return int(self.sessions.searchsorted(np.datetime64(day, "D"), "right"))

    def price(self, name: str, index: int) -> Decimal:
        """One price of one bar, such as its "close", without making the bar."""
        return _dollars(getattr(self, name)[index])

    def price_texts(self, name: str) -> list[str]:
        """One price of every bar, such as its "close", as exact decimals: those of its `Bar`s, without making them."""
        steps, digits = getattr(self, name).tolist(), -_EXPONENT
        return [f"{one // _STEPS_A_DOLLAR}.{one % _STEPS_A_DOLLAR:0{digits}d}" for one in steps]

    def floats(self) -> PriceSeries:
        """The bars as floats, each the one nearest to the price."""
        open_, high, low, close = map(_floats, (self.open, self.high, self.low, self.close))
        return PriceSeries(open_, high, low, close, _read_only(self.volume.astype(np.float64)))

    def closes(self) -> Floats:
        """The closes alone, as in `floats`."""
        return _floats(self.close)


def _steps(price: Decimal) -> int:
    steps = price.scaleb(-_EXPONENT)
    if steps <= 0 or steps != steps.to_integral_value():
        raise ValueError(f"{price} is not a positive multiple of {PRICE_STEP}")
    return int(steps)


def _dollars(steps: int | np.uint64) -> Decimal:
    return Decimal(int(steps)).scaleb(_EXPONENT)


def _floats(steps: Steps) -> Floats:
    if len(steps) and int(steps.max()) >= _EXACT_IN_FLOAT:
        return _read_only(np.array([float(_dollars(one)) for one in steps.tolist()], dtype=np.float64))
    # The quotient of two whole numbers that a float holds is rounded once, so it is the float nearest to the price.
    found: Floats = steps / np.float64(_STEPS_A_DOLLAR)
    return _read_only(found)


def _read_only(column: Column) -> Column:
    column.flags.writeable = False
    return column

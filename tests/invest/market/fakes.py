"""A provider and a clock that say what the test tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from investiq.invest.market.calendar import Session, xnys
from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.history import History
from investiq.invest.market.provider import UnknownSymbol
from investiq.invest.market.types import Bar, Fundamentals, Headline, Symbol

AAPL, IBM = Symbol("AAPL"), Symbol("IBM")


def utc(text: str) -> datetime:
    """The aware time in `text`, such as "2008-01-02 14:30"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bar(day: date | str, price: int = 100) -> Bar:
    """A bar whose four prices are all different: open, high, low and close are price, +2, -2, +1."""
    session = date.fromisoformat(day) if isinstance(day, str) else day
    o, h, low, c = (Decimal(price + step) for step in (0, 2, -2, 1))
    return Bar(session, open=o, high=h, low=low, close=c, volume=1000)


def sessions(start: str, end: str) -> Sequence[Session]:
    return xnys().sessions(date.fromisoformat(start), date.fromisoformat(end))


class FakeClock:
    """Stands where it was last set."""

    name = "fake"
    session_seconds: float | None = None

    def __init__(self, now: datetime, ends_at: datetime | None = None) -> None:
        self.current = now
        self.ends_at = ends_at

    def now(self) -> datetime:
        return self.current


class FakeProvider:
    """Serves the bars, headlines and figures that it was made with."""

    name = "fake"

    def __init__(
        self,
        bars: Mapping[Symbol, Sequence[Bar]],
        headlines: Mapping[Symbol, Sequence[Headline]] | None = None,
        fundamentals: Mapping[Symbol, Sequence[Fundamentals]] | None = None,
    ) -> None:
        self._bars = {symbol: History.of(each) for symbol, each in bars.items()}
        self._headlines = headlines
        self._fundamentals = fundamentals

    def symbols(self) -> Sequence[Symbol]:
        return tuple(self._bars)

    def refused(self) -> Mapping[Symbol, Sequence[str]]:
        return {Symbol("BAD"): ["BAD.csv:2: close is empty"]}

    def unused_columns(self) -> Sequence[UnusedColumn]:
        return ()

    def refresh(self) -> None:
        """Nothing of it changes."""

    def rejected(self) -> Mapping[str, Sequence[str]]:
        return {}

    def version(self) -> int:
        return 0

    def span(self, symbol: Symbol) -> tuple[date, date]:
        bars = self.bars(symbol)
        return bars.session(0), bars.session(-1)

    def bars(self, symbol: Symbol) -> History:
        if symbol not in self._bars:
            raise UnknownSymbol(symbol)
        return self._bars[symbol]

    def headlines(self, symbol: Symbol) -> Sequence[Headline] | None:
        return None if self._headlines is None else self._headlines.get(symbol, ())

    def fundamentals(self, symbol: Symbol) -> Sequence[Fundamentals] | None:
        return None if self._fundamentals is None else self._fundamentals.get(symbol, ())

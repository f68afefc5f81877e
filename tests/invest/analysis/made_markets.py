"""Markets made for a test: the real `Market` and calendar, prices of the test's own, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from investiq.invest.analysis.snapshot import Floats, Snapshot
from investiq.invest.market.calendar import Session, xnys
from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.history import History
from investiq.invest.market.market import Market
from investiq.invest.market.provider import UnknownSymbol
from investiq.invest.market.types import Bar, Fundamentals, Headline, Symbol

SYMBOL = Symbol("TEST")
FIRST_SESSION = date(2005, 1, 3)


class MadeProvider:
    """Serves the bars that it is given, and news and figures only if it is given them."""

    name = "made"

    def __init__(
        self,
        bars: Mapping[Symbol, Sequence[Bar]],
        headlines: Mapping[Symbol, Sequence[Headline]] | None = None,
        fundamentals: Mapping[Symbol, Sequence[Fundamentals]] | None = None,
    ) -> None:
        self._bars = {symbol: History.of(each) for symbol, each in bars.items()}
        self.asked: list[Symbol] = []
        self._headlines = headlines
        self._fundamentals = fundamentals

    def symbols(self) -> Sequence[Symbol]:
        return sorted(self._bars)

    def refused(self) -> Mapping[Symbol, Sequence[str]]:
        return {}

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
        self.asked.append(symbol)
        if symbol not in self._bars:
            raise UnknownSymbol(symbol)
        return self._bars[symbol]

    def headlines(self, symbol: Symbol) -> Sequence[Headline] | None:
        return None if self._headlines is None else self._headlines.get(symbol, [])

    def fundamentals(self, symbol: Symbol) -> Sequence[Fundamentals] | None:
        return None if self._fundamentals is None else self._fundamentals.get(symbol, [])


class StoppedClock:
    """Market time stands until the test moves it."""

    name = "stopped"
    ends_at: datetime | None = None
    session_seconds: float | None = None

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def sessions(count: int, first: date = FIRST_SESSION) -> Sequence[Session]:
    """`count` real sessions of the New York Stock Exchange from `first` on."""
    return xnys().sessions(first, first + timedelta(days=2 * count + 10))[:count]


def made_bars(
    closes: Sequence[float] | Floats, *, spread: float = 0.01, volumes: Sequence[int] | None = None
) -> list[Bar]:
    """Bars with these closes, an open at the last close, and high and low `spread` (a fraction) beyond both."""
    bars = []
    for index, session in enumerate(sessions(len(closes))):
        close, opened = float(closes[index]), float(closes[max(index - 1, 0)])
        high, low = max(close, opened) * (1 + spread), min(close, opened) * (1 - spread)
        volume = 1_000_000 if volumes is None else volumes[index]
        bars.append(Bar(session.day, _price(opened), _price(high), _price(low), _price(close), volume))
    return bars


def market_at_close(
    bars: Mapping[Symbol, Sequence[Bar]],
    *,
    headlines: Mapping[Symbol, Sequence[Headline]] | None = None,
    fundamentals: Mapping[Symbol, Sequence[Fundamentals]] | None = None,
    session: date | None = None,
) -> tuple[Market, StoppedClock]:
    """The market right at the close of `session`, by default the last one of all bars."""
    last = session or max(each[-1].session for each in bars.values())
    clock = StoppedClock(xnys().session(last).close)
    return Market(MadeProvider(bars, headlines, fundamentals), clock, xnys()), clock


def snapshot_of(bars: Sequence[Bar], **others: Sequence[Bar]) -> Snapshot:
    """The snapshot of `TEST` at the close of its last bar, with `others` as the rest of the universe."""
    everything = {SYMBOL: bars} | {Symbol(name): each for name, each in others.items()}
    market, _ = market_at_close(everything, session=bars[-1].session)
    return Snapshot.take(market, SYMBOL)


def random_walk(count: int, seed: int, drift: float = 0.0, volatility: float = 0.02) -> Floats:
    """`count` prices of a geometric random walk from 100."""
    steps = np.random.default_rng(seed).normal(drift, volatility, count)
    prices: Floats = 100 * np.exp(np.cumsum(steps))
    return prices


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    """A UTC time."""
    return datetime(year, month, day, hour, tzinfo=UTC)


def _price(value: float) -> Decimal:
    return Decimal(str(round(value, 4)))

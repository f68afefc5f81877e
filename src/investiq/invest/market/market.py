"""The market as it stands now. Nothing later than the clock's now ever leaves this module."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import TypeVar

from investiq.foundation.vocabulary import MarketPhase
from investiq.invest.market.calendar import Session, TradingCalendar
from investiq.invest.market.clock import Clock, StoppedClock
from investiq.invest.market.history import History
from investiq.invest.market.market_step import MarketStep, step_at
from investiq.invest.market.provider import PriceProvider, UnknownSymbol, nearest_symbols
from investiq.invest.market.session_cache import SessionCache
from investiq.invest.market.session_prices import price_order, session_times
from investiq.invest.market.types import Fundamentals, Headline, Quote, Symbol

__all__ = ["Market", "MarketState", "SymbolState"]

Published = TypeVar("Published", Headline, Fundamentals)

_published_at = attrgetter("published_at")


@dataclass(frozen=True, slots=True)
class MarketState:
    """One reading of the market; all times are UTC market time.

    Attributes:
        session: the session that is open, or else the last one that was.
        next_open: None when the market never opens again.
        session_seconds: wall seconds of one session in a replay, else None.
        open_seconds: open-market seconds since the calendar began (1970); it stands still while the market is closed,
            so the difference of two readings is the trading time between them.
        data_age_seconds: see `Market.data_age_seconds`; infinite before the first price.
        ends_at: the close after which the market never opens again, None when it has no end.
        message: the phase as a sentence for people.
    """

    now: datetime
    phase: MarketPhase
    session: date
    next_open: datetime | None
    provider: str
    clock: str
    session_seconds: float | None
    open_seconds: float
    data_age_seconds: float
    ends_at: datetime | None
    message: str


@dataclass(frozen=True, slots=True)
class SymbolState:
    """One symbol at one instant.

    Attributes:
        first_session, last_session: of the completed sessions with a bar; None before the first is completed.
        bars: how many they are.
        previous_close: see `Market.previous_close`.
    """

    symbol: Symbol
    first_session: date | None
    last_session: date | None
    bars: int
    quote: Quote
    previous_close: Decimal | None


class Market:
    """Prices, news and figures of a provider, as far as they were known at the clock's now.

    A session's bar is known from its close on. Its four prices are shown one after the other as quotes: the open at the
    opening, low and high after one and two thirds of the session, the close at the close. They are real prices of that
    day; which extreme comes first, and when, is a convention (see `price_order`), since daily data does not say.

    Safe to share between threads. A symbol whose first price lies in the future is unknown.
    """

    def __init__(self, provider: PriceProvider, clock: Clock, calendar: TradingCalendar) -> None:
        self._provider = provider
        self._clock = clock
        self._calendar = calendar
        self._known_at = SessionCache(self._find_known, self.version)
        self._newest_at = SessionCache(self._find_newest, self.version)
        self._step: MarketStep | None = None

    def now(self) -> datetime:
        """Market time, aware, UTC."""
        return self._clock.now()

    def version(self) -> int:
        """Grows with each change of the prices of sessions that are over, other than by the passing of market time."""
        return self._provider.version()

    def moment(self) -> tuple[datetime, MarketStep]:
        """Now, and the step that it lies in: while that is the same, no bar and no quote has changed."""
        version, now, step = self.version(), self._clock.now(), self._step
        if step is None or not step.holds(version, now):
            step = self._step = step_at(self._calendar, version, now)
        return now, step

    def stopped(self) -> Market:
        """This market with its clock stopped at now: one moment, however long the reading of it takes."""
        market = copy(self)
        market._clock = StoppedClock(self._clock)
        return market

    def completed_session(self) -> date:
        """The last session that is over."""
        return self._calendar.completed(self._clock.now()).day

    def phase(self) -> MarketPhase:
        """Open, between two sessions, or at the end of the data."""
        return self._phase(self._clock.now())

    def session(self) -> date:
        """The session that is open, or else the last one that was."""
        return self._calendar.latest(self._clock.now()).day

    def symbols(self) -> Sequence[Symbol]:
        """The symbols that have a price by now, ascending."""
        return self._symbols(self._clock.now())

    def refused(self) -> Mapping[Symbol, Sequence[str]]:
        """Symbols that the provider found and does not serve, with the reasons."""
        return self._provider.refused()

    def rejected(self) -> Mapping[str, Sequence[str]]:
        """What has changed at the provider and is not served, with the reasons; what was there before is."""
        return self._provider.rejected()

    def refresh(self) -> None:
        """Take over what has changed at the provider. Bars of sessions to come may come with it, and stay hidden."""
        self._provider.refresh()

    def bars(
        self, symbol: Symbol, *, limit: int | None = None, start: date | None = None, end: date | None = None
    ) -> History:
        """The bars of completed sessions from `start` to `end` (both included), ascending.

        Of more than `limit` bars, the earliest are given if there is a `start` (to page onwards from it), else the
        latest.

        Raises:
            UnknownSymbol: `symbol` has no price by now.
        """
        now = self._clock.now()
        self._require(symbol, now)
        bars = self._completed(self._provider.bars(symbol), now)
        first = 0 if start is None else bars.before(start)
        last = len(bars) if end is None else bars.until(end)
        if limit is not None and start is None:
            first = max(first, last - limit)
        elif limit is not None:
            last = min(last, first + limit)
        return bars[first:last]

    def quote(self, symbol: Symbol) -> Quote | None:
        """The latest price at or before now; None when there is none, also for a symbol that nobody knows."""
        return self._quote(symbol, self._clock.now())

    def previous_close(self, symbol: Symbol) -> Decimal | None:
        """The close of the session before that of the latest price, also after its own close and overnight.

        None when there is no price, or it is of the first session.
        """
        now = self._clock.now()
        quote = self._quote(symbol, now)
        if quote is None:
            return None
        bars = self._provider.bars(symbol)
        before = bars.before(self._calendar.latest(quote.at).day)
        return bars.price("close", before - 1) if before else None

    def overview(self, *, after: Symbol | None = None, limit: int | None = None) -> Sequence[SymbolState]:
        """The symbols that have a price by now, ascending: the first `limit` of those behind `after`."""
        now = self._clock.now()
        latest, symbols = self._calendar.latest(now), self._symbols(now)
        first = 0 if after is None else bisect_right(symbols, after)
        last = None if limit is None else first + limit
        states = (self._state_of(symbol, latest, now) for symbol in symbols[first:last])
        return [state for state in states if state is not None]

    def data_age_seconds(self, symbol: Symbol | None = None) -> float:
        """Seconds of open market since the last price of `symbol`, or of whichever symbol has the newest price.

        A closed market does not age, so nights and holidays count nothing. In a sound replay the age stays below half a
        session, since the longest wait between two prices is a third of it. Infinite when there is no price at all.

        Raises:
            UnknownSymbol: `symbol` has no price by now.
        """
        now = self._clock.now()
        if symbol is not None:
            self._require(symbol, now)
            bars = self._provider.bars(symbol)
            return self._age_of(bars.session(bars.until(self._calendar.latest(now).day) - 1), now)
        return self._data_age(now)

    def headlines(self, symbol: Symbol) -> Sequence[Headline] | None:
        """Headlines published by now, ascending; None when the provider has no news for any symbol.

        Raises:
            UnknownSymbol: `symbol` has no price by now.
        """
        now = self._clock.now()
        self._require(symbol, now)
        return _published_by(now, self._provider.headlines(symbol))

    def fundamentals(self, symbol: Symbol) -> Sequence[Fundamentals] | None:
        """Figures published by now, ascending, the last being the newest; None when the provider has none at all.

        Raises:
            UnknownSymbol: `symbol` has no price by now.
        """
        now = self._clock.now()
        self._require(symbol, now)
        return _published_by(now, self._provider.fundamentals(symbol))

    def state(self) -> MarketState:
        """Everything about the market at one instant."""
        now = self._clock.now()
        phase, session, next_open = self._phase(now), self._calendar.latest(now), self._next_open(now)
        return MarketState(
            now=now,
            phase=phase,
            session=session.day,
            next_open=next_open,
            provider=self._provider.name,
            clock=self._clock.name,
            session_seconds=self._clock.session_seconds,
            open_seconds=self._calendar.open_seconds(self._calendar.first.open, now),
            data_age_seconds=self._data_age(now),
            ends_at=self._clock.ends_at,
            message=_message(phase, session, next_open),
        )

    def _phase(self, now: datetime) -> MarketPhase:
        ends_at = self._clock.ends_at
        if ends_at is not None and now >= ends_at:
            return MarketPhase.ENDED
        return MarketPhase.OPEN if self._calendar.is_open(now) else MarketPhase.CLOSED

    def _next_open(self, now: datetime) -> datetime | None:
        opening, ends_at = self._calendar.next_open(now), self._clock.ends_at
        return opening if ends_at is None or opening < ends_at else None

    def _symbols(self, now: datetime) -> Sequence[Symbol]:
        return tuple(self._known_at.at(self._calendar.latest(now).day))

    def _find_known(self, session: date) -> Mapping[Symbol, None]:
        """The symbols that have a price once `session` has begun, ascending."""
        return {symbol: None for symbol in self._provider.symbols() if self._provider.span(symbol)[0] <= session}

    def _is_known(self, symbol: Symbol, now: datetime) -> bool:
        return symbol in self._known_at.at(self._calendar.latest(now).day)

    def _require(self, symbol: Symbol, now: datetime) -> None:
        if not self._is_known(symbol, now):
            raise UnknownSymbol(symbol, nearest_symbols(symbol, self._symbols(now)))

    def _completed(self, bars: History, now: datetime) -> History:
        session = self._calendar.latest(now)
        return bars[: bars.until(session.day) if now >= session.close else bars.before(session.day)]

    def _quote(self, symbol: Symbol, now: datetime) -> Quote | None:
        if not self._is_known(symbol, now):
            return None
        bars = self._provider.bars(symbol)
        return self._quote_of(symbol, bars, bars.until(self._calendar.latest(now).day) - 1, now)

    def _quote_of(self, symbol: Symbol, bars: History, index: int, now: datetime) -> Quote | None:
        """The quote out of the bar at `index`, whose session has begun; None when there is no such bar any more."""
        if index < 0:
            return None
        day = bars.session(index)
        times = session_times(self._calendar.session(day))
        shown = bisect_right(times, now)
        price = bars.price(price_order(symbol, day)[shown - 1], index)
        return Quote(symbol, price, times[shown - 1], sequence=index * len(times) + shown)

    def _state_of(self, symbol: Symbol, latest: Session, now: datetime) -> SymbolState | None:
        bars = self._provider.bars(symbol)
        index = bars.until(latest.day) - 1
        if (quote := self._quote_of(symbol, bars, index, now)) is None:
            return None
        running = now < latest.close and bars.session(index) == latest.day
        completed = index if running else index + 1
        return SymbolState(
            symbol=symbol,
            first_session=bars.session(0) if completed else None,
            last_session=bars.session(completed - 1) if completed else None,
            bars=completed,
            quote=quote,
            previous_close=bars.price("close", index - 1) if index else None,
        )

    def _data_age(self, now: datetime) -> float:
        newest = self._newest_at.at(self._calendar.latest(now).day)
        return math.inf if newest is None else self._age_of(newest, now)

    def _age_of(self, session: date, now: datetime) -> float:
        """The age of the newest price of a bar of `session`, which has begun."""
        times = session_times(self._calendar.session(session))
        return self._calendar.open_seconds(times[bisect_right(times, now) - 1], now)

    def _find_newest(self, latest: date) -> date | None:
        """The newest session with a bar of any symbol, up to the session `latest`."""
        newest: date | None = None
        for symbol in self._provider.symbols():
            first, last = self._provider.span(symbol)
            if first > latest or (newest is not None and last <= newest):
                continue
            if last > latest:
                bars = self._provider.bars(symbol)
                last = bars.session(bars.until(latest) - 1)
            newest = last if newest is None else max(newest, last)
            if newest == latest:
                break
        return newest


def _published_by(now: datetime, items: Sequence[Published] | None) -> Sequence[Published] | None:
    return None if items is None else items[: bisect_right(items, now, key=_published_at)]


def _message(phase: MarketPhase, session: Session, next_open: datetime | None) -> str:
    match phase:
        case MarketPhase.OPEN:
            return f"The session of {session.day} is open until {session.close:%H:%M} UTC."
        case MarketPhase.CLOSED:
            return f"Closed since {session.close:%Y-%m-%d %H:%M} UTC; opens {next_open:%Y-%m-%d %H:%M} UTC."
        case MarketPhase.ENDED:
            return (
                f"Closed for good: {session.day} was the last session of the data. "
                "`investiq up --fresh` begins anew and moves the old data aside."
            )

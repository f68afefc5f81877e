"""Many symbols side by side, best first: one reading of one moment, given out page by page."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from investiq.foundation.errors import InvestIQError
from investiq.foundation.threads import BoundedThreads
from investiq.foundation.vocabulary import EngineStatus, Signal
from investiq.invest.analysis.orchestrator import Orchestrator
from investiq.invest.analysis.result import Analysis, EngineResult
from investiq.invest.market.market import Market
from investiq.invest.market.types import Symbol

__all__ = [
    "MOST_LISTED",
    "CursorExpired",
    "Listing",
    "Listings",
    "Page",
    "Standing",
    "TooManySymbols",
    "UnknownSymbols",
    "best_first",
    "missing_evidence",
]

MOST_LISTED: Final = 1_000
"""Symbols in one listing, about five seconds of work where nothing is kept yet. `investiq scan` has no such bound."""

_KEPT: Final = 16
"""Listings whose further pages can be asked for, half a megabyte each at most."""

_NAMED: Final = 20
_PLACE: Final = re.compile("[0-9]{1,4}")


class UnknownSymbols(InvestIQError):
    """Some of the symbols have no prices; `detail["symbols"]` names them."""

    reason = "unknown_symbols"

    def __init__(self, symbols: Sequence[Symbol]) -> None:
        others = f" and {len(symbols) - _NAMED} more" if len(symbols) > _NAMED else ""
        super().__init__(f"no prices for {', '.join(symbols[:_NAMED])}{others}", symbols=list(symbols))


class TooManySymbols(InvestIQError):
    """More symbols than a listing holds."""

    reason = "too_many_symbols"

    def __init__(self, number: int) -> None:
        super().__init__(
            f"{number} symbols are too many for one listing, which holds {MOST_LISTED}: name fewer in `symbols`, or "
            "use `investiq scan` for all of them",
            given=number,
            most=MOST_LISTED,
        )


class CursorExpired(InvestIQError):
    """The listing that a cursor belongs to is not there any more."""

    reason = "cursor_expired"


@dataclass(frozen=True, slots=True)
class Standing:
    """One symbol among others. `missing` says of each engine without a score why it has none."""

    symbol: Symbol
    as_of: datetime
    price: Decimal | None
    signal: Signal | None
    score: float | None
    confidence: float
    coverage: float
    missing: Mapping[str, str]

    @classmethod
    def of(cls, analysis: Analysis) -> Standing:
        overall = analysis.overall
        return cls(
            analysis.symbol,
            analysis.as_of,
            analysis.price,
            overall.signal,
            overall.score,
            overall.confidence,
            overall.coverage,
            missing_evidence(analysis.engines.values()),
        )


def missing_evidence(results: Iterable[EngineResult]) -> Mapping[str, str]:
    """Of each engine that gave no score, the reason."""
    return {str(result.engine): result.reason or "" for result in results if result.status is not EngineStatus.OK}


def best_first(score: float | None, symbol: str) -> tuple[bool, float, str]:
    """Sorts by score, highest first; those without a score last; equals by symbol."""
    return score is None, -(score or 0.0), symbol


@dataclass(frozen=True, slots=True)
class Listing:
    """All symbols of one question, best first, at one instant of market time.

    Attributes:
        session: the last completed session, which the scores follow from.
    """

    as_of: datetime
    session: date
    standings: Sequence[Standing]


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a listing. `cursor` is for the next page, None at the end."""

    listing: Listing
    standings: Sequence[Standing]
    cursor: str | None


class Listings:
    """Makes listings of a market, and keeps the latest of them for their further pages. For one event loop.

    One listing is computed at a time: the next one finds what it has in common with it.
    """

    def __init__(self, market: Market, orchestrator: Orchestrator) -> None:
        self._market = market
        self._orchestrator = orchestrator
        self._computing = asyncio.Lock()
        self._reading = BoundedThreads(1, "listing")  # what symbols there are takes as long as there are symbols
        self._kept: OrderedDict[str, Listing] = OrderedDict()

    async def first(self, symbols: Sequence[Symbol] | None, limit: int) -> Page:
        """The first page of a new listing of `symbols`, or of the whole universe.

        Raises:
            UnknownSymbols, TooManySymbols: no listing of these.
        """
        async with self._computing:
            market = self._market.stopped()
            known = await self._reading.run(market.symbols)
            listing = await self._listing(market, _checked(symbols, known))
        token = secrets.token_hex(8)
        if len(listing.standings) > limit:
            self._keep(token, listing)
        return _page(token, listing, 0, limit)

    def next(self, cursor: str, limit: int) -> Page:
        """The page that `cursor` of the page before asks for.

        Raises:
            CursorExpired: its listing is not kept any more, or is of another session than now's.
        """
        token, _, place = cursor.partition(".")
        listing = self._kept.get(token)
        if listing is None or not _PLACE.fullmatch(place):
            raise CursorExpired("this cursor belongs to no listing that is kept: begin again without a cursor")
        if listing.session != (now := self._market.completed_session()):
            raise CursorExpired(
                f"this cursor belongs to a listing after the session of {listing.session}, and that of {now} is over: "
                "begin again without a cursor"
            )
        return _page(token, listing, int(place), limit)

    async def _listing(self, market: Market, symbols: Sequence[Symbol]) -> Listing:
        analyses = await self._orchestrator.analyze_many(market, symbols)
        standings = sorted(map(Standing.of, analyses), key=lambda one: best_first(one.score, one.symbol))
        return Listing(market.now(), market.completed_session(), standings)

    def _keep(self, token: str, listing: Listing) -> None:
        self._kept[token] = listing
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


def _checked(symbols: Sequence[Symbol] | None, known: Sequence[Symbol]) -> Sequence[Symbol]:
    chosen = known if symbols is None else list(dict.fromkeys(symbols))
    if len(chosen) > MOST_LISTED:
        raise TooManySymbols(len(chosen))
    if unknown := sorted(set(chosen) - set(known)):
        raise UnknownSymbols(unknown)
    return chosen


def _page(token: str, listing: Listing, first: int, limit: int) -> Page:
    last = first + limit
    return Page(listing, listing.standings[first:last], f"{token}.{last}" if last < len(listing.standings) else None)

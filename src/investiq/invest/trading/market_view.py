"""What trading needs of the market. `investiq.invest.market.market.Market` has it; tests bring a hand-written one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from investiq.foundation.vocabulary import MarketPhase
from investiq.invest.market.types import Quote, Symbol

__all__ = ["MarketView", "known_quote"]


class MarketView(Protocol):
    """The market as it stands now: nothing later than `now()` is ever visible through it."""

    def now(self) -> datetime:
        """Market time."""

    def phase(self) -> MarketPhase:
        """Open, closed, or ended."""

    def session(self) -> date:
        """The current session, or the last one while the market is closed."""

    def quote(self, symbol: Symbol) -> Quote | None:
        """The latest real price; None when there is none, also for a symbol that nobody knows."""

    def data_age_seconds(self, symbol: Symbol) -> float:
        """Seconds of open market since that price, for a symbol that has one."""


def known_quote(market: MarketView, symbol: Symbol) -> Quote | None:
    """The latest usable price of `symbol`; None when there is none.

    A price that is not positive is no price: it must neither fill an order nor value a position.
    """
    quote = market.quote(symbol)
    return quote if quote is not None and quote.price.is_finite() and quote.price > 0 else None

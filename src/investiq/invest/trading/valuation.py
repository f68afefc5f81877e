"""What the portfolio is worth now, or why that cannot be said.

A position without a trustworthy price makes equity unknown; it is never left out, nor counted at zero or at an old
price. Unknown equity denies entries and neither trips nor feeds the breaker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from threading import Lock

from investiq.invest.market.types import Quote, Symbol
from investiq.invest.trading.market_view import MarketView, known_quote
from investiq.invest.trading.order import amount
from investiq.invest.trading.portfolio import Portfolio

__all__ = ["JUMP_FACTOR", "PriceJumps", "Valuation", "value"]

JUMP_FACTOR = Decimal(3)
"""A price that moved by more than this factor since the one before is believed only when the next price confirms it.

Real falls of a day stay inside (AAPL lost 52 % on 2000-09-29, a factor of 2.1); a misplaced decimal point does not.
"""


class PriceJumps:
    """Remembers the last believed price of each symbol, and holds back one that jumped until another agrees with it."""

    def __init__(self) -> None:
        self._believed: dict[Symbol, Quote] = {}
        self._doubted: dict[Symbol, Quote] = {}
        self._lock = Lock()

    def believed(self, quote: Quote) -> bool:
        """Whether `quote` may be used to value a position."""
        with self._lock:
            if self._agrees(quote):
                self._believed[quote.symbol] = quote
                self._doubted.pop(quote.symbol, None)
                return True
            self._doubted.setdefault(quote.symbol, quote)
            return False

    def _agrees(self, quote: Quote) -> bool:
        last = self._believed.get(quote.symbol)
        doubted = self._doubted.get(quote.symbol)
        if last is None or _near(quote, last):
            return True
        # The same price read twice confirms nothing; only a later one does. One that agrees with neither starts anew.
        if doubted is not None and quote.sequence > doubted.sequence:
            if _near(quote, doubted):
                return True
            self._doubted[quote.symbol] = quote
        return False


def _near(one: Quote, other: Quote) -> bool:
    low, high = sorted((one.price, other.price))
    return high <= low * JUMP_FACTOR


@dataclass(frozen=True)
class Valuation:
    """A portfolio at the latest prices.

    Attributes:
        equity: cash and market value of all positions, or None when a held symbol has no trustworthy price.
        unpriced: those symbols.
        priced_at: market time of the newest price used; None when nothing is held.
    """

    portfolio: Portfolio
    prices: Mapping[Symbol, Decimal] = field(default_factory=dict)
    unpriced: tuple[Symbol, ...] = ()
    priced_at: datetime | None = None

    @cached_property
    def exposure(self) -> Decimal | None:
        """Market value of all positions, None when it cannot be said."""
        if self.unpriced:
            return None
        return sum((self.market_value(p.symbol) or Decimal(0) for p in self.portfolio.held), Decimal(0))

    @cached_property
    def equity(self) -> Decimal | None:
        exposure = self.exposure
        if exposure is None:
            return None
        # Long only and without borrowing, an account cannot be worth nothing or less: such a sum is a fault.
        total = self.portfolio.cash + exposure
        return total if total > 0 else None

    @property
    def unrealised(self) -> Decimal | None:
        """Market value beyond cost, None when it cannot be said."""
        exposure = self.exposure
        if exposure is None:
            return None
        return exposure - sum((p.cost for p in self.portfolio.held), Decimal(0))

    def market_value(self, symbol: Symbol) -> Decimal | None:
        """Value of the shares of one symbol."""
        price = self.prices.get(symbol)
        return None if price is None else amount(self.portfolio.quantity(symbol) * price)


def value(portfolio: Portfolio, market: MarketView, jumps: PriceJumps) -> Valuation:
    """`portfolio` at the market's latest prices."""
    prices: dict[Symbol, Decimal] = {}
    unpriced: list[Symbol] = []
    times: list[datetime] = []
    for position in portfolio.held:
        quote = known_quote(market, position.symbol)
        if quote is None or not jumps.believed(quote):
            unpriced.append(position.symbol)
            continue
        prices[position.symbol] = quote.price
        times.append(quote.at)
    return Valuation(portfolio, prices, tuple(unpriced), max(times, default=None))

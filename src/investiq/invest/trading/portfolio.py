"""Cash and positions, folded from fills: never kept, so never able to disagree with them.

Average-cost accounting. For every sequence of fills, exactly:
    cash + cost of all positions = initial cash + realised - commission paid
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from investiq.foundation.vocabulary import Side
from investiq.invest.market.types import PRICE_STEP, Symbol
from investiq.invest.trading.order import amount

__all__ = ["Fill", "NegativePosition", "Portfolio", "Position"]

_ZERO = Decimal(0)


class NegativePosition(RuntimeError):
    """More was sold than held. Short selling is not allowed, so the books are wrong."""


@dataclass(frozen=True, slots=True)
class Fill:
    """An execution: shares changed hands at `price`, and `commission` dollars were paid."""

    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    commission: Decimal

    @property
    def notional(self) -> Decimal:
        """Dollars that changed hands, without the commission."""
        return amount(self.quantity * self.price)


@dataclass(frozen=True, slots=True)
class Position:
    """Shares of one symbol.

    Attributes:
        cost: of the shares still held, without commissions.
        realised: what the shares sold brought beyond their cost, before commissions.
        commission: paid for every purchase and sale of the symbol.
    """

    symbol: Symbol
    quantity: Decimal = _ZERO
    cost: Decimal = _ZERO
    realised: Decimal = _ZERO
    commission: Decimal = _ZERO

    @property
    def net_realised(self) -> Decimal:
        """Profit of the shares sold, after all commissions paid so far."""
        return self.realised - self.commission

    @property
    def average_price(self) -> Decimal | None:
        """Cost of a share held, None when none is."""
        return (self.cost / self.quantity).quantize(PRICE_STEP) if self.quantity else None

    def after(self, fill: Fill) -> Position:
        """The position with `fill` applied.

        Raises:
            NegativePosition: it sells more than is held.
        """
        commission = self.commission + fill.commission
        if fill.side is Side.BUY:
            cost = self.cost + fill.notional
            return replace(self, quantity=self.quantity + fill.quantity, cost=cost, commission=commission)
        left = self.quantity - fill.quantity
        if left < 0:
            raise NegativePosition(f"{fill.quantity} {self.symbol} sold, but only {self.quantity} are held")
        # Rounded once, here; what is left keeps the rest, so no fraction of a cent is lost or made.
        cost_sold = amount(self.cost * fill.quantity / self.quantity)
        realised = self.realised + fill.notional - cost_sold
        return Position(self.symbol, left, self.cost - cost_sold, realised, commission)


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Cash, and every position that there ever was (closed ones keep what they realised)."""

    cash: Decimal
    positions: Mapping[Symbol, Position] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def realised(self) -> Decimal:
        """Profit of what was sold, before commissions."""
        return sum((position.realised for position in self.positions.values()), _ZERO)

    @property
    def net_realised(self) -> Decimal:
        """Profit of what was sold, after all commissions paid so far."""
        return self.realised - self.commission_paid

    @property
    def commission_paid(self) -> Decimal:
        return sum((position.commission for position in self.positions.values()), _ZERO)

    @property
    def held(self) -> tuple[Position, ...]:
        """Positions with shares in them, by symbol."""
        return tuple(p for _, p in sorted(self.positions.items()) if p.quantity)

    @property
    def closed(self) -> tuple[Position, ...]:
        """Positions that were sold out, by symbol."""
        return tuple(p for _, p in sorted(self.positions.items()) if not p.quantity)

    def quantity(self, symbol: Symbol) -> Decimal:
        """Shares of `symbol` held."""
        position = self.positions.get(symbol)
        return position.quantity if position else _ZERO

    def after(self, fill: Fill) -> Portfolio:
        """The portfolio with `fill` applied.

        Raises:
            NegativePosition: it sells more than is held.
        """
        before = self.positions.get(fill.symbol, Position(fill.symbol))
        paid = fill.notional if fill.side is Side.BUY else -fill.notional
        return Portfolio(
            cash=self.cash - paid - fill.commission,
            positions=MappingProxyType({**self.positions, fill.symbol: before.after(fill)}),
        )

    def after_all(self, fills: Iterable[Fill]) -> Portfolio:
        """The portfolio with `fills` applied in their order."""
        portfolio = self
        for fill in fills:
            portfolio = portfolio.after(fill)
        return portfolio

"""Risk limits: pure functions from an order and the state of the account to a denial, or to none.

An order that only reduces a position is never held back by a limit on size, exposure or money: those guard the way in,
and a limit that blocks the way out makes the loss it should prevent. A part that brings less than its own commission is
no way out: all that is left can be sold whatever it brings. Limits are reached when equalled, broken when
exceeded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.vocabulary import DenialReason, MarketPhase, Side
from investiq.invest.market.types import Quote, Symbol
from investiq.invest.trading.costs import Costs
from investiq.invest.trading.order import Order, OrderRequest, amount, whole_steps
from investiq.invest.trading.valuation import Valuation

__all__ = ["Denial", "RiskCase", "buying_power", "deny", "size"]

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Denial:
    """A decision against an order: one word for machines, a sentence for people."""

    reason: DenialReason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCase:
    """Everything that a decision rests on, read in one transaction.

    Attributes:
        price_age_seconds: open-market seconds since `quote`; without one it says nothing.
    """

    request: OrderRequest
    quote: Quote | None
    price_age_seconds: float
    phase: MarketPhase
    valuation: Valuation
    open_orders: Sequence[Order]
    limits: TradingConfig
    costs: Costs

    @property
    def quantity(self) -> Decimal | None:
        """Shares of the order; None when it names dollars and there is no price to divide them by."""
        return size(self.request, self.quote, self.costs)[0]

    @property
    def notional(self) -> Decimal:
        """Dollars that the order may take at worst, as far as can be known now; zero without a price."""
        quantity, reserve_price = size(self.request, self.quote, self.costs)
        return amount((quantity or _ZERO) * (reserve_price or _ZERO))

    @property
    def available(self) -> Decimal:
        """Shares that may be sold: those held less those in open sell orders."""
        symbol = self.request.symbol
        held = self.valuation.portfolio.quantity(symbol)
        return held - sum((o.remaining for o in self.open_orders if o.side is Side.SELL and o.symbol == symbol), _ZERO)

    @property
    def is_exit(self) -> bool:
        """The order only reduces a position."""
        return self.request.side is Side.SELL and self.quantity is not None and self.quantity <= self.available


def size(request: OrderRequest, quote: Quote | None, costs: Costs) -> tuple[Decimal | None, Decimal | None]:
    """Shares of an order and the price that each is counted at: the limit, or the latest price with half the spread.

    A notional order becomes shares here, once and rounded down, so that a sale can never grow past what is held when
    the price falls before the fill.
    """
    price = request.limit_price or (costs.price(request.side, quote.price) if quote else None)
    if request.quantity is not None:
        return request.quantity, price
    if price is None or request.notional is None:
        return None, price
    return whole_steps(request.notional / price), price


def buying_power(valuation: Valuation, open_orders: Sequence[Order], costs: Costs) -> Decimal:
    """Cash that no open order has a claim on. There is no borrowing."""
    claims = (o.reserved + costs.commission(o.remaining) for o in open_orders if o.side is Side.BUY)
    return valuation.portfolio.cash - sum(claims, _ZERO)


def deny(case: RiskCase) -> Denial | None:
    """The first limit that `case` breaks, None when it breaks none."""
    limits = _ALWAYS if case.is_exit else (*_ALWAYS, *_ENTRIES)
    return next((denial for limit in limits if (denial := limit(case))), None)


def _market_ended(case: RiskCase) -> Denial | None:
    if case.phase is not MarketPhase.ENDED:
        return None
    return Denial(
        DenialReason.MARKET_ENDED, "the market data has ended: no price will come at which an order could fill"
    )


def _too_small(case: RiskCase) -> Denial | None:
    if case.quantity is None or case.quantity > 0:
        return None
    return Denial(DenialReason.TOO_SMALL, f"{_money(case.request.notional)} buys less than 0.0001 shares")


def _costs_more_than_it_brings(case: RiskCase) -> Denial | None:
    # Again and again, it would turn a position into commission, also while trading is halted.
    if not case.is_exit or not case.notional or case.quantity == case.available:
        return None
    commission = case.costs.commission(case.quantity or _ZERO)
    if case.notional >= commission:
        return None
    return Denial(
        DenialReason.TOO_SMALL,
        f"{case.quantity} {case.request.symbol} bring {_money(case.notional)}, less than their commission of "
        f"{_money(commission)}: sell more, or all {case.available} at once",
    )


def _no_price(case: RiskCase) -> Denial | None:
    # Shares that are held can be offered without a price: the next one, when it comes, fills them.
    if case.quote is not None or case.is_exit:
        return None
    return Denial(DenialReason.NO_PRICE, f"there is no usable price of {case.request.symbol}: is the symbol right?")


def _stale_price(case: RiskCase) -> Denial | None:
    limit = case.limits.max_price_age_seconds
    if case.quote is None or case.price_age_seconds <= limit:
        return None
    return Denial(
        DenialReason.STALE_PRICE,
        f"the latest price of {case.request.symbol} is {case.price_age_seconds:.0f} s of open market old, above the "
        f"limit (max_price_age_seconds) of {limit:.0f} s: what it would be bought at is not known",
    )


def _short_selling(case: RiskCase) -> Denial | None:
    if case.request.side is Side.BUY or case.is_exit:
        return None
    return Denial(
        DenialReason.SHORT_SELLING,
        f"{case.quantity} {case.request.symbol} cannot be sold: {case.available} are held and not on sale already, and "
        "short selling is not allowed",
    )


def _equity_unknown(case: RiskCase) -> Denial | None:
    if case.valuation.equity is not None:
        return None
    return Denial(
        DenialReason.EQUITY_UNKNOWN,
        f"the account cannot be valued, there is no trustworthy price of {_names(case.valuation.unpriced)}: only "
        "orders that reduce a position are taken",
    )


def _open_orders(case: RiskCase) -> Denial | None:
    if len(case.open_orders) < case.limits.max_open_orders:
        return None
    return Denial(
        DenialReason.OPEN_ORDERS,
        f"{len(case.open_orders)} orders are open, the limit (max_open_orders) is {case.limits.max_open_orders}",
    )


def _order_notional(case: RiskCase) -> Denial | None:
    if case.notional <= case.limits.max_order_notional:
        return None
    return Denial(
        DenialReason.ORDER_NOTIONAL,
        f"the order may take {_money(case.notional)}, above the limit for one order (max_order_notional) of "
        f"{_money(case.limits.max_order_notional)}",
    )


def _position_limit(case: RiskCase) -> Denial | None:
    symbol = case.request.symbol
    held = case.valuation.market_value(symbol) or _ZERO
    wanted = held + case.notional + _entering(case.open_orders, symbol)
    return _beyond(case, DenialReason.POSITION_LIMIT, f"the position in {symbol}", wanted, "max_position_fraction")


def _exposure_limit(case: RiskCase) -> Denial | None:
    wanted = (case.valuation.exposure or _ZERO) + case.notional + _entering(case.open_orders)
    return _beyond(case, DenialReason.EXPOSURE_LIMIT, "the sum of all positions", wanted, "max_exposure_fraction")


def _buying_power(case: RiskCase) -> Denial | None:
    power = buying_power(case.valuation, case.open_orders, case.costs)
    needed = case.notional + case.costs.commission(case.quantity or _ZERO)
    if needed <= power:
        return None
    return Denial(
        DenialReason.BUYING_POWER,
        f"the order may take {_money(needed)} with commission, and {_money(power)} is free for new orders",
    )


def _entering(orders: Sequence[Order], symbol: Symbol | None = None) -> Decimal:
    buys = (o for o in orders if o.side is Side.BUY and symbol in (None, o.symbol))
    return sum((order.reserved for order in buys), _ZERO)


def _beyond(case: RiskCase, reason: DenialReason, what: str, wanted: Decimal, setting: str) -> Denial | None:
    fraction: Decimal = getattr(case.limits, setting)
    limit = fraction * (case.valuation.equity or _ZERO)
    if wanted <= limit:
        return None
    return Denial(
        reason,
        f"{what} would be {_money(wanted)} with open orders, above the limit ({setting}) of {fraction:.0%} of equity, "
        f"{_money(limit)}",
    )


def _money(value: Decimal | None) -> str:
    return "nothing" if value is None else f"${value:,.2f}"


def _names(symbols: Sequence[Symbol]) -> str:
    return ", ".join(symbols) or "what it holds"


_Limit = Callable[[RiskCase], Denial | None]
_ALWAYS: tuple[_Limit, ...] = (_market_ended, _too_small, _costs_more_than_it_brings, _no_price)
_ENTRIES: tuple[_Limit, ...] = (
    _short_selling,
    _stale_price,
    _equity_unknown,
    _open_orders,
    _order_notional,
    _position_limit,
    _exposure_limit,
    _buying_power,
)

"""What an order would cost and leave, from what the limits saw: pure."""

from __future__ import annotations

from decimal import Decimal

from investiq.foundation.vocabulary import Side
from investiq.invest.trading.order import amount, whole_steps
from investiq.invest.trading.risk import Denial, RiskCase, buying_power, size
from investiq.invest.trading.views import OrderPreview

__all__ = ["preview"]


def preview(case: RiskCase, denial: Denial | None) -> OrderPreview:
    """The order of `case` as it would go now; `denial` is what speaks against it."""
    request, quote = case.request, case.quote
    quantity, price = size(request, quote, case.costs)
    quantity = None if quantity is None else whole_steps(quantity)
    commission = None if quantity is None else case.costs.commission(quantity)
    cost = _cost(request.side, quantity, price, commission)
    power = buying_power(case.valuation, case.open_orders, case.costs)
    held = case.valuation.portfolio.quantity(request.symbol)
    return OrderPreview(
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        quantity=quantity,
        last_price=quote.price if quote else None,
        last_price_at=quote.at if quote else None,
        price=price,
        commission=commission,
        cost=cost,
        buying_power=max(power, Decimal(0)),
        buying_power_after=None if cost is None else power - cost,
        position=held,
        position_after=_after(request.side, held, quantity),
        denial=denial.reason if denial else None,
        message=denial.message if denial else None,
    )


def _cost(side: Side, quantity: Decimal | None, price: Decimal | None, commission: Decimal | None) -> Decimal | None:
    if quantity is None or price is None or commission is None:
        return None
    notional = amount(quantity * price)
    return notional + commission if side is Side.BUY else commission - notional


def _after(side: Side, held: Decimal, quantity: Decimal | None) -> Decimal | None:
    if quantity is None:
        return None
    return held + quantity if side is Side.BUY else held - quantity

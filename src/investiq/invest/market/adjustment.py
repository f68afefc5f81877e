"""Scales a row of prices as traded to prices adjusted for splits and dividends."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from investiq.invest.market.types import PRICE_STEP, Bar

__all__ = ["adjusted_bar"]

_ONE_SHARE = Decimal(1)


def adjusted_bar(
    session: date,
    *,
    open: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    volume: Decimal,
    adjusted_close: Decimal,
) -> Bar:
    """The bar with every price times `adjusted_close / close`, and volume divided by the same factor.

    Prices are rounded to `PRICE_STEP`, volume to whole shares; dollars traded (price times volume) stay what they were.
    Rounding is monotone and the factor is one for the row, so a high that was the highest stays the highest.
    """

    def scaled(price: Decimal) -> Decimal:
        # Multiply first: the quotient has no end, and rounding it before the product would show in a large price.
        return (price * adjusted_close / close).quantize(PRICE_STEP)

    return Bar(
        session=session,
        open=scaled(open),
        high=scaled(high),
        low=scaled(low),
        close=scaled(close),
        volume=int((volume * close / adjusted_close).quantize(_ONE_SHARE)),
    )

"""What trading costs on paper: half the spread on each side, and a commission per share with a least amount per order.

The defaults (2 basis points of spread, half a cent a share, a dollar at least) are the order of magnitude that a retail
account pays for large US stocks; they are settings, and the account shows what was paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.vocabulary import Side
from investiq.invest.market.types import PRICE_STEP
from investiq.invest.trading.order import amount

__all__ = ["Costs"]


@dataclass(frozen=True, slots=True)
class Costs:
    """Spread in basis points of the price, commission in dollars."""

    spread_bps: Decimal
    commission_per_share: Decimal
    commission_minimum: Decimal

    @classmethod
    def of(cls, config: TradingConfig) -> Costs:
        """The costs that the configuration states."""
        return cls(config.spread_bps, config.commission_per_share, config.commission_minimum)

    def price(self, side: Side, middle: Decimal) -> Decimal:
        """What a share costs (ask) or brings (bid) when the real price is `middle`, rounded against the trader."""
        half = middle * self.spread_bps / 20_000
        if side is Side.BUY:
            return (middle + half).quantize(PRICE_STEP, ROUND_CEILING)
        return max((middle - half).quantize(PRICE_STEP, ROUND_FLOOR), PRICE_STEP)

    def commission(self, quantity: Decimal) -> Decimal:
        """Commission of an order that fills `quantity` shares."""
        return amount(max(self.commission_per_share * quantity, self.commission_minimum))

"""What equity was: at the session's opening, last, and at its highest. Fed by trustworthy valuations only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal

__all__ = ["RATIO_STEP", "EquityRecord", "fall"]

RATIO_STEP = Decimal("0.000001")


def fall(high: Decimal, now: Decimal) -> Decimal:
    """How far `now` is below `high`, as a share of `high`, rounded down; zero when it is not.

    Rounded down, so that a limit of three per cent is reached at three per cent and not a millionth before.
    """
    return max((high - now) / high, Decimal(0)).quantize(RATIO_STEP, ROUND_DOWN)


@dataclass(frozen=True, slots=True)
class EquityRecord:
    """The truth about the account, which no resume of trading rewrites.

    Attributes:
        opening: equity carried into `session`, at the last prices of the one before, so that a gap at the opening
            counts as this session's loss.
        high_water_mark: the highest equity ever.
    """

    session: date
    opening: Decimal
    last: Decimal
    high_water_mark: Decimal

    @property
    def drawdown(self) -> Decimal:
        """Fall of the last equity from the highest ever."""
        return fall(self.high_water_mark, self.last)

    def after(self, session: date, equity: Decimal) -> EquityRecord:
        """The record once `equity` has been seen in `session`."""
        opening = self.opening if session == self.session else self.last
        return EquityRecord(session, opening, equity, max(self.high_water_mark, equity))

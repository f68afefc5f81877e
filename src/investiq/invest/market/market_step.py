"""A stretch of market time in which nothing that the market shows changes but the time itself."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from investiq.invest.market.calendar import TradingCalendar
from investiq.invest.market.session_prices import session_times

__all__ = ["MarketStep", "step_at"]


@dataclass(frozen=True, slots=True)
class MarketStep:
    """From one price to the next of any symbol, or to midnight UTC between them; of one version of the prices.

    Within it every symbol has the same bars and the same quote. News and figures have times of their own.
    """

    version: int
    begins: datetime
    ends: datetime

    def holds(self, version: int, now: datetime) -> bool:
        """Whether it is still this one."""
        return self.begins <= now < self.ends and self.version == version


def step_at(calendar: TradingCalendar, version: int, now: datetime) -> MarketStep:
    """The step that `now` lies in.

    Raises:
        OutsideCalendar: the calendar has no session before `now`, or none behind it.
    """
    times = session_times(calendar.latest(now))
    shown = bisect_right(times, now)
    ends = times[shown] if shown < len(times) else calendar.next_open(now)
    midnight = datetime.combine(now.date(), time(), UTC)
    return MarketStep(version, max(times[shown - 1], midnight), min(ends, midnight + timedelta(days=1)))

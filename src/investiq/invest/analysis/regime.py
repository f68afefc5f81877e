"""The regime of a symbol: which way its long trend points, and whether it moves more than it used to.

Trend: the last close above its 200-session average is a bull, otherwise a bear (M. Faber, "A Quantitative Approach to
Tactical Asset Allocation", Journal of Wealth Management 2007, in its daily form). Volatility: the standard deviation of
the daily log returns of the last 21 sessions (a month) above that of the last 252 (a year) is volatile, otherwise calm.
"""

from __future__ import annotations

import numpy as np

from investiq.foundation.vocabulary import Regime
from investiq.invest.analysis.engine import Unavailable, missing_history
from investiq.invest.analysis.snapshot import Snapshot

__all__ = ["NEEDED_SESSIONS", "regime_of"]

_TREND_SESSIONS = 200
_MONTH_RETURNS = 21
_YEAR_RETURNS = 252
NEEDED_SESSIONS = _YEAR_RETURNS + 1


def regime_of(snapshot: Snapshot) -> Regime | Unavailable:
    """The regime at the last completed session."""
    if lacking := missing_history(snapshot, NEEDED_SESSIONS):
        return lacking
    close = snapshot.prices.close
    bull = close[-1] > close[-_TREND_SESSIONS:].mean()
    returns = np.diff(np.log(close[-NEEDED_SESSIONS:]))
    volatile = returns[-_MONTH_RETURNS:].std(ddof=1) > returns.std(ddof=1)
    if bull:
        return Regime.BULL_VOLATILE if volatile else Regime.BULL_CALM
    return Regime.BEAR_VOLATILE if volatile else Regime.BEAR_CALM

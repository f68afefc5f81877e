"""The quantitative engine: risk and return of the last year, and how far a Sharpe ratio of that length can be trusted.

Conventions: simple daily returns from close to close of completed sessions; the last 252 of them (a year), at least 63
(a quarter); annualised with 252 sessions a year; risk-free rate and required return 0; standard deviations with n - 1.
VaR and CVaR are historical at 95 %, for one day, as returns: losses are negative.

    score      = 2 N(SR) - 1                 SR: annualised Sharpe ratio, N: normal distribution function
    confidence = 2 N(|sr| / SE(sr)) - 1      sr: daily Sharpe ratio
    SE(sr)     = sqrt((1 - g3 sr + (g4 - 1) / 4 sr^2) / (n - 1))      g3, g4: skewness and kurtosis of the n returns

The score is the chance that a year gains less the chance that it loses, were the estimate exact and the returns normal;
that trends of a year tend to go on is the finding of Moskowitz, Ooi and Pedersen, "Time series momentum", Journal of
Financial Economics 2012. The confidence is one minus the two-sided p-value of "the true Sharpe ratio is 0", with the
standard error of Mertens (2002) as in Bailey and Lopez de Prado, "The Sharpe ratio efficient frontier", Journal of Risk
2012. A year of daily prices says little, and this says how little.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np

from investiq.foundation.vocabulary import EngineName
from investiq.invest.analysis import return_ratios
from investiq.invest.analysis.engine import (
    Answer,
    MetricValue,
    Steady,
    Unavailable,
    Verdict,
    finite,
    history_inputs,
    missing_history,
)
from investiq.invest.analysis.snapshot import Floats, Snapshot
from investiq.invest.analysis.universe import daily_returns

__all__ = ["MOST_RETURNS", "NEEDED_SESSIONS", "SESSIONS_A_YEAR", "QuantitativeEngine"]

SESSIONS_A_YEAR = 252
MOST_RETURNS = 252
NEEDED_SESSIONS = 64
"""63 returns, a quarter of a year."""

_TAIL = 0.05
_NO_DISPERSION = 1e-12  # daily standard deviation below which returns are constant but for floating-point noise


class QuantitativeEngine:
    """Measures a year of daily returns; its score is the annualised Sharpe ratio on the scale from -1 to 1."""

    name = EngineName.QUANTITATIVE

    def assess(self, snapshot: Snapshot) -> Answer:
        """Risk and return of the last 63 to 252 sessions."""
        if lacking := missing_history(snapshot, NEEDED_SESSIONS):
            return lacking
        close = snapshot.prices.close[-(MOST_RETURNS + 1) :]
        returns = close[1:] / close[:-1] - 1
        if returns.std(ddof=1) < _NO_DISPERSION:
            return Unavailable(f"the price has not moved in {len(returns)} sessions: no ratio can be estimated")
        sharpe = return_ratios.sharpe_ratio(returns, SESSIONS_A_YEAR)
        error = sharpe_standard_error(returns)
        score, confidence = two_sided(sharpe), abs(two_sided(_ratio(sharpe / math.sqrt(SESSIONS_A_YEAR), error)))
        metrics = _metrics(returns) | {
            "sharpe": finite(sharpe),
            "sharpe_standard_error": finite(error * math.sqrt(SESSIONS_A_YEAR)),
            "beta_to_universe": _beta_to_universe(snapshot),
            "universe_symbols": snapshot.universe_symbols,
            "first_session": snapshot.bars.session(-len(close)).isoformat(),
            "last_session": snapshot.bars.session(-1).isoformat(),
        }
        return Verdict(score, confidence, metrics)

    def inputs(self, snapshot: Snapshot) -> Hashable:
        """The bars, of this symbol and of all others."""
        return Steady((history_inputs(snapshot), snapshot.universe_symbols))


def sharpe_standard_error(returns: Floats) -> float:
    """Standard error of the daily Sharpe ratio of `returns` (1-d, not constant), by Mertens' formula above."""
    centred = returns - returns.mean()
    spread = math.sqrt(float((centred**2).mean()))
    skewness = float((centred**3).mean()) / spread**3
    kurtosis = float((centred**4).mean()) / spread**4
    sharpe = float(returns.mean() / returns.std(ddof=1))
    # Never below 0 in exact arithmetic, since kurtosis >= skewness^2 + 1; rounding may push it there.
    variance = max(1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2, 0.0)
    return math.sqrt(variance / (len(returns) - 1))


def two_sided(z: float) -> float:
    """2 N(z) - 1, from -1 to 1."""
    return math.erf(z / math.sqrt(2))


def _beta_to_universe(snapshot: Snapshot) -> float | None:
    """Beta of daily returns to the equal-weight mean return of all symbols, this one included.

    Only sessions in which the symbol has a return from one session to the very next are compared. None with fewer
    than two symbols (a symbol's beta to itself is always 1), fewer than 63 such sessions, or a universe that stands
    still.
    """
    if snapshot.universe_symbols < 2:
        return None
    universe = snapshot.universe()
    own = daily_returns(snapshot.bars, universe.sessions)
    present = np.isfinite(own)
    if present.sum() < NEEDED_SESSIONS - 1:
        return None
    return finite(return_ratios.beta(own[present], universe.returns[present]))


def _metrics(returns: Floats) -> dict[str, MetricValue]:
    return {
        "returns": len(returns),
        "period_return": finite(return_ratios.period_return(returns)),
        "annual_return": finite(return_ratios.annual_return(returns, SESSIONS_A_YEAR)),
        "annual_volatility": finite(return_ratios.annual_volatility(returns, SESSIONS_A_YEAR)),
        "sortino": finite(_sortino(returns)),
        "max_drawdown": finite(return_ratios.max_drawdown(returns)),
        "daily_var_95": finite(return_ratios.value_at_risk(returns, _TAIL)),
        "daily_cvar_95": finite(return_ratios.conditional_value_at_risk(returns, _TAIL)),
    }


def _sortino(returns: Floats) -> float:
    return return_ratios.sortino_ratio(returns, SESSIONS_A_YEAR)


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else math.copysign(math.inf, numerator)

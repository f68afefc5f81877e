"""Ratios of risk and return of a series of simple returns, as in Quantopian's empyrical, by the same definitions.

The library needs pandas and SciPy, 90 MB of a process that gives it arrays of numpy; a test compares each function with
it. Returns are finite, one-dimensional and at least two. What does not exist is infinite or not a number, without a
warning.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "annual_return",
    "annual_volatility",
    "beta",
    "conditional_value_at_risk",
    "max_drawdown",
    "period_return",
    "sharpe_ratio",
    "sortino_ratio",
    "value_at_risk",
]

Returns = NDArray[np.float64]

_STANDS_STILL = 1e-30
"""Variance of a market below which nothing can be measured against it."""


def period_return(returns: Returns) -> float:
    """What the whole period returned."""
    return float(np.prod(returns + 1) - 1)


def annual_return(returns: Returns, periods_a_year: int) -> float:
    """The constant return a year that gives the same in the end."""
    return float((period_return(returns) + 1) ** (periods_a_year / len(returns)) - 1)


def annual_volatility(returns: Returns, periods_a_year: int) -> float:
    """The standard deviation of a year, were returns independent."""
    return float(returns.std(ddof=1) * math.sqrt(periods_a_year))


def sharpe_ratio(returns: Returns, periods_a_year: int) -> float:
    """Mean over standard deviation, annualised; the risk-free rate is 0."""
    # Of equal returns it is 0, which rounding would hide: their mean may differ from them in the last bit.
    deviation = 0.0 if returns.min() == returns.max() else float(returns.std(ddof=1))
    return _ratio(float(returns.mean()), deviation) * math.sqrt(periods_a_year)


def sortino_ratio(returns: Returns, periods_a_year: int) -> float:
    """Mean over the root mean square of what fell below 0, annualised."""
    downside = math.sqrt(float((np.minimum(returns, 0) ** 2).mean()))
    return _ratio(float(returns.mean()), downside) * math.sqrt(periods_a_year)


def max_drawdown(returns: Returns) -> float:
    """The deepest fall below the highest value before, the start among them; 0 or negative."""
    value = np.cumprod(np.concatenate(([1.0], returns + 1)))
    return float((value / np.maximum.accumulate(value) - 1).min())


def value_at_risk(returns: Returns, tail: float) -> float:
    """The return that the worst share `tail` of all stays below, interpolated."""
    return float(np.percentile(returns, 100 * tail))


def conditional_value_at_risk(returns: Returns, tail: float) -> float:
    """The mean of the worst share `tail` of all returns, at least of one."""
    worst = int((len(returns) - 1) * tail)
    return float(np.partition(returns, worst)[: worst + 1].mean())


def beta(returns: Returns, market: Returns) -> float:
    """Covariance with the market over the market's variance; not a number for a market that stands still."""
    centred = market - market.mean()
    variance = float((centred**2).mean())
    return float((centred * returns).mean()) / variance if variance >= _STANDS_STILL else math.nan


def _ratio(numerator: float, denominator: float) -> float:
    if denominator > 0:
        return numerator / denominator
    return math.copysign(math.inf, numerator) if numerator else math.nan

"""Each ratio is the one of empyrical, for whatever returns."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.invest.analysis import return_ratios
from investiq.invest.analysis.return_ratios import Returns

YEAR = 252
Ratio = Callable[[Returns], float]
PAIRS: dict[str, tuple[Ratio, Ratio]] = {
    "period_return": (return_ratios.period_return, empyrical.cum_returns_final),
    "annual_return": (
        partial(return_ratios.annual_return, periods_a_year=YEAR),
        partial(empyrical.annual_return, annualization=YEAR),
    ),
    "annual_volatility": (
        partial(return_ratios.annual_volatility, periods_a_year=YEAR),
        partial(empyrical.annual_volatility, annualization=YEAR),
    ),
    "sharpe_ratio": (
        partial(return_ratios.sharpe_ratio, periods_a_year=YEAR),
        partial(empyrical.sharpe_ratio, annualization=YEAR),
    ),
    "sortino_ratio": (
        partial(return_ratios.sortino_ratio, periods_a_year=YEAR),
        partial(empyrical.sortino_ratio, annualization=YEAR),
    ),
    "max_drawdown": (return_ratios.max_drawdown, empyrical.max_drawdown),
    "value_at_risk": (
        partial(return_ratios.value_at_risk, tail=0.05),
        partial(empyrical.value_at_risk, cutoff=0.05),
    ),
    "conditional_value_at_risk": (
        partial(return_ratios.conditional_value_at_risk, tail=0.05),
        partial(empyrical.conditional_value_at_risk, cutoff=0.05),
    ),
}

# A price moves by a cent of ten thousand dollars, or not at all; what falls by all of it is not quoted any more.
RETURN = st.floats(-0.9, 4).map(lambda value: round(value, 6))
RETURNS = st.lists(RETURN, min_size=2, max_size=300).map(np.array)


@pytest.mark.parametrize("name", PAIRS)
@given(returns=RETURNS)
def test_it_is_the_ratio_of_the_library(name: str, returns: Returns) -> None:
    ours, theirs = PAIRS[name]
    assert ours(returns) == pytest.approx(float(theirs(returns)), rel=1e-9, abs=1e-12, nan_ok=True)


@given(pairs=st.lists(st.tuples(RETURN, RETURN), min_size=2, max_size=300))
def test_beta_is_that_of_the_library(pairs: list[tuple[float, float]]) -> None:
    returns, market = np.array(pairs).T
    assert return_ratios.beta(returns, market) == pytest.approx(
        float(empyrical.beta(returns, market)), rel=1e-6, abs=1e-9, nan_ok=True
    )


@pytest.mark.parametrize("ratio", [return_ratios.sharpe_ratio, return_ratios.sortino_ratio])
@pytest.mark.parametrize(("returns", "expected"), [([0.1, 0.1, 0.1], math.inf), ([0.0, 0.0], math.nan)])
def test_a_ratio_to_no_risk_is_infinite_and_of_nothing_it_is_none(
    ratio: Callable[[Returns, int], float], returns: list[float], expected: float
) -> None:
    assert ratio(np.array(returns), YEAR) == pytest.approx(expected, nan_ok=True)


def test_a_market_that_stands_still_has_no_beta() -> None:
    assert math.isnan(return_ratios.beta(np.array([0.1, -0.1]), np.array([0.01, 0.01])))

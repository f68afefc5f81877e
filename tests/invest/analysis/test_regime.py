"""The regime by its stated rule."""

from __future__ import annotations

import numpy as np
import pytest

from investiq.foundation.vocabulary import Regime
from investiq.invest.analysis.engine import Unavailable
from investiq.invest.analysis.regime import regime_of
from tests.invest.analysis.made_markets import made_bars, random_walk, snapshot_of


@pytest.mark.parametrize(
    ("drift", "month", "regime"),
    [
        (+0.002, 0.002, Regime.BULL_CALM),
        (+0.002, 0.02, Regime.BULL_VOLATILE),
        (-0.002, 0.002, Regime.BEAR_CALM),
        (-0.002, 0.02, Regime.BEAR_VOLATILE),
    ],
)
def test_trend_of_200_sessions_and_volatility_of_the_month_beside_the_year(
    drift: float, month: float, regime: Regime
) -> None:
    swing = np.where(np.arange(260) < 239, 0.01, month) * (-1.0) ** np.arange(260)
    assert regime_of(snapshot_of(made_bars(100 * np.exp(np.cumsum(drift + swing))))) is regime


def test_a_dip_of_a_month_does_not_end_a_bull() -> None:
    path = np.concatenate([np.full(229, 0.003), np.full(31, -0.003)])
    assert regime_of(snapshot_of(made_bars(100 * np.exp(np.cumsum(path))))) is Regime.BULL_CALM


def test_252_sessions_are_too_few_and_it_says_so() -> None:
    walk = random_walk(253, seed=1)
    assert regime_of(snapshot_of(made_bars(walk[:252]))) == Unavailable(
        "needs 253 completed sessions and there are 252"
    )
    assert isinstance(regime_of(snapshot_of(made_bars(walk))), Regime)

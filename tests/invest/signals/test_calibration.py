from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit  # type: ignore[import-untyped]

from investiq.invest.signals.calibration import Calibration, share_up


def test_without_belief_in_the_model_the_forecast_is_the_base_rate() -> None:
    up = np.array([True, True, True, False])
    found = Calibration.for_training(up, slope=0.0)
    assert found.probability(np.array([-3.0, 7.0])) == pytest.approx([share_up(up)] * 2)
    assert found.base_rate == pytest.approx(share_up(up))


def test_the_probability_is_the_logistic_function_of_the_log_odds() -> None:
    log_odds = np.linspace(-13.8, 13.8, 10_001)
    np.testing.assert_allclose(Calibration(1.0, 0.0, 0.0).probability(log_odds), expit(log_odds), rtol=1e-14)


def test_extreme_scores_stay_strictly_between_zero_and_one() -> None:
    probability = Calibration(1.0, 0.0, 0.0).probability(np.array([-1e300, -800.0, -50.0, 50.0, 800.0, 1e300]))
    assert ((probability > 0) & (probability < 1)).all()


@pytest.mark.parametrize(
    "numbers", [(math.nan, 0.0, 0.0), (1.0, math.inf, 0.0), (-0.1, 0.0, 0.0), (1.0, 0.0, math.nan)]
)
def test_numbers_that_cannot_be_a_calibration_are_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="finite numbers"):
        Calibration(*numbers)

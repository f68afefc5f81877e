from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from investiq.invest.signals.calibration import Calibration
from investiq.invest.signals.calibration_fit import fit_calibration
from investiq.invest.signals.evaluation import losses

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def drawn(rows: int, seed: int, truth: Calibration, upside_down: bool = False) -> tuple[Floats, Floats, Bools]:
    """Scores, their anchors, and outcomes that happen with the probability that `truth` gives to each score."""
    random = np.random.default_rng(seed)
    scores = truth.anchor + random.normal(0, 1, rows)
    seen = 2 * truth.anchor - scores if upside_down else scores
    return scores, np.full(rows, truth.anchor), random.random(rows) < truth.probability(seen)


def fitted(rows: int, seed: int, truth: Calibration) -> Calibration:
    slope, shift = fit_calibration(*drawn(rows, seed, truth))
    return replace(truth, slope=slope, shift=shift)


def test_with_enough_rows_it_finds_what_made_the_outcomes() -> None:
    truth = Calibration(slope=0.5, shift=0.2, anchor=0.3)
    found = fitted(300_000, 1, truth)
    assert found.slope == pytest.approx(truth.slope, abs=0.02)
    assert found.shift == pytest.approx(truth.shift, abs=0.02)


def test_overconfident_scores_get_better_on_rows_not_calibrated_on() -> None:
    truth = Calibration(slope=0.3, shift=0.0, anchor=0.1)
    calibration = fitted(3_000, 2, truth)
    scores, _, up = drawn(3_000, 3, truth)
    raw = losses(replace(calibration, slope=1.0, shift=0.0).probability(scores), up).mean()
    calibrated = losses(calibration.probability(scores), up).mean()
    assert calibrated.brier < raw.brier
    assert calibrated.log_loss < raw.log_loss


def test_few_rows_hardly_move_the_level_and_many_do() -> None:
    """A lucky quarter is no new base rate."""
    truth = Calibration(slope=1.0, shift=1.0, anchor=0.0)
    assert 0 < fitted(60, 4, truth).shift < 0.1
    assert fitted(100_000, 4, truth).shift > 0.9


def test_a_model_that_is_right_upside_down_is_not_turned_round() -> None:
    slope, _ = fit_calibration(*drawn(2_000, 5, Calibration(0.8, 0.0, 0.1), upside_down=True))
    assert slope == 0


@pytest.mark.parametrize("outcome", [True, False])
def test_one_sided_outcomes_give_a_finite_and_never_certain_forecast(outcome: bool) -> None:
    up = np.full(50, outcome)
    plain = Calibration.for_training(up)
    slope, shift = fit_calibration(np.linspace(-1, 1, 50) + plain.anchor, np.full(50, plain.anchor), up)
    found = replace(plain, slope=slope, shift=shift)
    assert 0 < found.base_rate < 1
    assert (found.base_rate > 0.9) == outcome

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import lightgbm
import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from investiq.invest.market.types import PRICE_STEP, Bar, Symbol
from investiq.invest.signals import dataset as datasets
from investiq.invest.signals import validation
from investiq.invest.signals.dataset import HORIZON_SESSIONS, build_dataset
from investiq.invest.signals.evaluation import losses
from investiq.invest.signals.features import FEATURES, NEEDED_BARS
from investiq.invest.signals.model import Artifact, Model
from investiq.invest.signals.prediction import UNPROVEN_CONFIDENCE
from investiq.invest.signals.train import MINIMUM_SESSIONS, QUANTILE_LEVELS, TooLittleData, train
from tests.invest.signals import synthetic
from tests.invest.signals.conftest import CUT, Histories
from tests.invest.signals.predictions import predict

A = Symbol("AAA")
Floats = NDArray[np.float64]


def test_equal_bars_give_an_equal_artifact(trending_histories: Histories, cut_off: date, artifact: Artifact) -> None:
    shuffled = dict(reversed(trending_histories.items()))
    assert train(shuffled, cut_off) == artifact


def test_how_many_folds_are_fitted_at_once_changes_nothing(
    trending_histories: Histories, cut_off: date, artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "_FOLDS_AT_ONCE", 1)
    assert train(trending_histories, cut_off) == artifact


def test_nothing_from_the_cut_off_on_has_any_influence(
    trending_histories: Histories, cut_off: date, artifact: Artifact
) -> None:
    def crashed(bar: Bar) -> Bar:
        later = {name: (getattr(bar, name) / 7).quantize(PRICE_STEP) for name in ("open", "high", "low", "close")}
        return replace(bar, **later, volume=3) if bar.session >= cut_off else bar

    changed = {symbol: [crashed(bar) for bar in bars] for symbol, bars in trending_histories.items()}
    absent = {symbol: bars[:CUT] for symbol, bars in trending_histories.items()}
    assert train(changed, cut_off) == artifact
    assert train(absent, cut_off) == artifact


def test_a_change_just_before_the_cut_off_does_have_influence(
    trending_histories: Histories, cut_off: date, artifact: Artifact
) -> None:
    bars = trending_histories[A]
    changed = [*bars[: CUT - 1], replace(bars[CUT - 1], close=bars[CUT - 1].low), *bars[CUT:]]
    assert train({**trending_histories, A: changed}, cut_off).card.data.sha256 != artifact.card.data.sha256


def test_a_planted_signal_is_found_and_said_to_be_found(artifact: Artifact) -> None:
    card = artifact.card
    assert card.beats_constant
    assert card.validation.auc is not None
    assert card.validation.auc > 0.65
    assert card.validation.model.brier < card.validation.constant.brier
    assert card.validation.model.log_loss < card.validation.constant.log_loss


def test_the_planted_signal_holds_on_bars_that_training_never_saw(artifact: Artifact) -> None:
    fresh = build_dataset(synthetic.trends(1_500, seed=99))
    forecast = losses(_forecast(artifact, fresh.features), fresh.up).mean()
    constant = losses(np.full(len(fresh), fresh.up.mean()), fresh.up).mean()
    assert forecast.brier < 0.9 * constant.brier
    assert forecast.log_loss < 0.9 * constant.log_loss


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_calibration_takes_back_what_the_trees_made_of_noise(seed: int) -> None:
    """On new bars the calibrated model loses less than the raw one."""
    artifact = train(synthetic.random_walks(500, seed=seed), date(2030, 1, 1))
    raw = replace(artifact, calibration=replace(artifact.calibration, slope=1.0, shift=0.0))
    fresh = build_dataset(synthetic.random_walks(2_000, seed=seed + 50))
    calibrated_brier = losses(_forecast(artifact, fresh.features), fresh.up).mean().brier
    assert calibrated_brier < losses(_forecast(raw, fresh.features), fresh.up).mean().brier


def _forecast(artifact: Artifact, features: Floats) -> Floats:
    booster = lightgbm.Booster(model_str=artifact.model_text)
    return artifact.calibration.probability(np.asarray(booster.predict(features, raw_score=True), dtype=np.float64))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_walk_gives_no_skill_and_no_confidence(seed: int) -> None:
    histories = synthetic.random_walks(500, seed=seed)
    artifact = train(histories, date(2030, 1, 1))
    prediction = predict(Model(artifact), A, histories[A])
    assert not artifact.card.beats_constant
    assert not prediction.beats_constant
    assert prediction.confidence <= UNPROVEN_CONFIDENCE
    assert abs(prediction.probability_up - 0.5) < 0.1


def test_the_card_tells_the_dates_and_rows_that_were_used(
    trending_histories: Histories, cut_off: date, artifact: Artifact
) -> None:
    data, bars = artifact.card.data, trending_histories[A]
    assert data.before == cut_off
    assert data.trained_until == bars[CUT - 1].session < cut_off
    assert data.first_session == bars[NEEDED_BARS - 1].session
    assert data.last_session == bars[CUT - 1 - HORIZON_SESSIONS].session
    assert data.rows_per_symbol == dict.fromkeys(("AAA", "BBB", "CCC"), CUT - NEEDED_BARS + 1 - HORIZON_SESSIONS)
    assert data.rows == sum(data.rows_per_symbol.values())


def test_the_card_and_the_log_tell_what_was_sampled(
    trending_histories: Histories, cut_off: date, artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = artifact.card.data
    monkeypatch.setattr(datasets, "MOST_ROWS", whole.rows // 2)
    with capture_logs() as logs:
        sampled = train(trending_histories, cut_off).card.data
    assert (whole.every, sampled.every) == (1, 2)
    assert sampled.rows == pytest.approx(whole.rows / 2, abs=3)
    assert sampled.sha256 == whole.sha256, "retraining is decided by all prices"
    assert [(log["event"], log["every"]) for log in logs] == [("training_sampled", 2)]


def test_the_card_judges_only_rows_that_were_calibrated_on_earlier_folds(artifact: Artifact) -> None:
    validation = artifact.card.validation
    first, *others = validation.folds
    assert first.model is None
    assert first.calibration_rows == 0
    assert validation.rows == sum(fold.rows for fold in others) == sum(b.rows for b in validation.calibration_bins)
    assert all(earlier.last_session < later.first_session for earlier, later in pairwise(others))
    weighted = sum(fold.rows * fold.model.brier for fold in others if fold.model) / validation.rows
    assert validation.model.brier == pytest.approx(weighted)


def test_the_card_keeps_the_feature_distributions_for_drift(artifact: Artifact) -> None:
    quantiles = artifact.card.feature_quantiles
    assert tuple(quantiles) == FEATURES
    assert all(len(values) == len(QUANTILE_LEVELS) and list(values) == sorted(values) for values in quantiles.values())
    assert quantiles["rsi_14"][0] >= 0
    assert quantiles["rsi_14"][-1] <= 1


def test_too_little_data_is_refused_with_numbers(trending_histories: Histories) -> None:
    early = trending_histories[A][NEEDED_BARS + 100].session
    with pytest.raises(TooLittleData, match=f"expected at least {MINIMUM_SESSIONS}") as caught:
        train(trending_histories, early)
    assert caught.value.detail == {"needed": MINIMUM_SESSIONS, "given": 101 - HORIZON_SESSIONS}
    with pytest.raises(TooLittleData):
        train({}, early)


def test_the_least_allowed_data_trains(trending_histories: Histories) -> None:
    last = NEEDED_BARS - 1 + MINIMUM_SESSIONS + HORIZON_SESSIONS
    before = trending_histories[A][last - 1].session + timedelta(days=1)
    assert train({A: trending_histories[A]}, before).card.data.rows == MINIMUM_SESSIONS


def test_a_market_that_only_rises_gives_a_finite_card() -> None:
    bars = [
        Bar(session, *(Decimal(f"{50 * 1.001**number:.4f}"),) * 4, 1_000)
        for number, session in enumerate(synthetic.weekdays(400))
    ]
    artifact = train({A: bars}, date(2030, 1, 1))
    assert artifact.card.validation.auc is None
    assert not artifact.card.beats_constant
    assert 0.9 < predict(Model(artifact), A, bars).probability_up < 1


def test_progress_goes_from_start_to_end_of_each_stage(trending_histories: Histories, cut_off: date) -> None:
    seen: list[tuple[str, int, int]] = []
    train(trending_histories, cut_off, lambda *step: seen.append(step))
    assert list(dict.fromkeys(stage for stage, _, _ in seen)) == ["features", "validation", "fit"]
    for stage in ("features", "validation", "fit"):
        steps = [(done, total) for name, done, total in seen if name == stage]
        assert steps[0][0] == 0
        assert steps[-1][0] == steps[-1][1]
        assert steps == sorted(steps)

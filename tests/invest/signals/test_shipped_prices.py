"""The model that a newcomer gets: trained on the shipped prices from before the replay's start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import lightgbm
import numpy as np
import pytest

from investiq.invest.market.providers.replay import ReplayProvider
from investiq.invest.market.types import Bar, Symbol
from investiq.invest.signals.dataset import build_dataset
from investiq.invest.signals.features import FEATURES, NEEDED_BARS
from investiq.invest.signals.model import Artifact, Model
from investiq.invest.signals.prediction import UNPROVEN_CONFIDENCE
from investiq.invest.signals.train import train
from investiq.invest.signals.trees import read_trees
from tests.invest.signals.predictions import predict

START = date(2008, 1, 2)
Shipped = Mapping[Symbol, Sequence[Bar]]


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    provider = ReplayProvider()
    return {symbol: provider.bars(symbol) for symbol in provider.symbols()}


@pytest.fixture(scope="module")
def default_model(shipped: Shipped) -> Artifact:
    return train(shipped, START)


def test_it_saw_nothing_from_the_start_of_the_replay_on(default_model: Artifact) -> None:
    data = default_model.card.data
    assert data.trained_until < START
    assert set(data.rows_per_symbol) == {"AAPL", "GOOG", "IBM", "MSFT"}  # FB was not listed yet


def test_it_claims_no_more_than_its_scores_show(default_model: Artifact) -> None:
    """Five large stocks' daily prices do not tell the next week; a card that says so is right, not broken."""
    card = default_model.card
    found = card.validation
    skill = min(found.improvement_brier.low, found.improvement_log_loss.low) > 0 and (found.auc or 0) > 0.5
    assert card.beats_constant == skill
    assert not card.beats_constant
    assert abs(found.model.brier - found.constant.brier) < 0.002
    assert found.calibration_error < 0.1


def test_it_serves_every_shipped_symbol_with_confidence_near_zero(default_model: Artifact, shipped: Shipped) -> None:
    model = Model(default_model)
    for symbol, bars in shipped.items():
        prediction = predict(model, symbol, bars[-NEEDED_BARS:])
        assert 0.3 < prediction.probability_up < 0.8
        assert prediction.confidence <= UNPROVEN_CONFIDENCE


def test_each_forecast_is_the_one_that_lightgbm_would_make(default_model: Artifact, shipped: Shipped) -> None:
    rows = build_dataset(shipped)
    booster = lightgbm.Booster(model_str=default_model.model_text)
    scores = np.asarray(booster.predict(rows.features, raw_score=True, num_threads=1), dtype=np.float64)
    expected = default_model.calibration.probability(scores)
    trees = read_trees(default_model.model_text, FEATURES)
    found = default_model.calibration.probability(trees.scores(rows.features))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)

    model = Model(default_model)
    some = range(0, len(rows), 50)
    one_by_one = [model.forecast(Symbol("IBM"), START, rows.features[row]).probability_up for row in some]
    np.testing.assert_allclose(one_by_one, expected[some], rtol=0, atol=1e-12)

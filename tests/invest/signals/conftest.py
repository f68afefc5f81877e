from __future__ import annotations

from datetime import date, timedelta

import pytest

from investiq.invest.market.types import Bar, Symbol
from investiq.invest.signals.model import Artifact
from investiq.invest.signals.train import train
from tests.invest.signals import synthetic

Histories = dict[Symbol, list[Bar]]

CUT = 600
"""Bars of each synthetic history that training may see."""


@pytest.fixture(scope="session")
def trending_histories() -> Histories:
    return synthetic.trends()


@pytest.fixture(scope="session")
def cut_off(trending_histories: Histories) -> date:
    return trending_histories[Symbol("AAA")][CUT - 1].session + timedelta(days=1)


@pytest.fixture(scope="session")
def artifact(trending_histories: Histories, cut_off: date) -> Artifact:
    """Trained on a planted signal."""
    return train(trending_histories, cut_off)


@pytest.fixture(scope="session")
def other_artifact(trending_histories: Histories, cut_off: date) -> Artifact:
    """A second one that differs: trained on three weeks less."""
    return train(trending_histories, cut_off - timedelta(days=21))

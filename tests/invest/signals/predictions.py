"""A prediction from bars, as the service makes one."""

from __future__ import annotations

from collections.abc import Sequence

from investiq.invest.market.types import Bar, Symbol
from investiq.invest.signals.model import Model
from investiq.invest.signals.prediction import Prediction


def predict(model: Model, symbol: Symbol, bars: Sequence[Bar]) -> Prediction:
    """The forecast at the close of the last of `bars`."""
    return model.forecast(symbol, bars[-1].session, model.features(symbol, bars))

"""Bars in, feature matrix out: the one function that training and serving both call.

Every value in a row comes from that row's own window of `NEEDED_BARS` bars, so a row is the same to the last bit
whether the history before it is one window long or thirteen years. That rules out recursive averages (Wilder's RSI,
exponential means), whose value depends on where the history starts; the simple-mean forms stand in for them.

Nothing here is a price level: every feature is a return, a ratio or a count, so that a model learned on a ten-dollar
share means the same on a thousand-dollar one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from investiq.foundation.vocabulary import ModelFeature
from investiq.invest.market.history import PriceSeries
from investiq.invest.market.types import Bar

__all__ = ["FEATURES", "FEATURE_REVISION", "NEEDED_BARS", "feature_matrix", "last_features"]

Floats = NDArray[np.float64]

LOOKBACK: Final = 63
"""Sessions in the longest window: a quarter."""

NEEDED_BARS: Final = LOOKBACK + 1
"""Bars that one row rests on: a return over `LOOKBACK` sessions has one bar more."""

FEATURE_REVISION: Final = 1
"""Raised when a formula below changes under the same name: artifacts of another revision are refused."""

_VOLATILITY_FLOOR: Final = 1e-4
"""Daily volatility below which a move is not scaled further up (a halted or constant price has none at all)."""


@dataclass(frozen=True, slots=True)
class _Windows:
    """The last `NEEDED_BARS` bars of each row, oldest first: every array is (rows, NEEDED_BARS), contiguous."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    returns: Floats
    """Log returns between neighbours: (rows, LOOKBACK)."""

    volatility: Floats
    """Standard deviation of the last 21 daily log returns, floored: (rows,)."""


def _windows(bars: PriceSeries, every: slice) -> _Windows:
    # Logarithms are taken before the windows are cut, so that each price is converted once and in one code path.
    prices = np.log(np.stack((bars.open, bars.high, bars.low, bars.close)))
    opens, highs, lows, closes, volumes = (
        np.ascontiguousarray(sliding_window_view(column, NEEDED_BARS)[every]) for column in (*prices, bars.volume)
    )
    returns = np.diff(closes, axis=1)
    volatility = np.maximum(returns[:, -21:].std(axis=1), _VOLATILITY_FLOOR)
    return _Windows(opens, highs, lows, closes, volumes, returns, volatility)


def _ratio(numerator: Floats, denominator: Floats, when_zero: float) -> Floats:
    """`numerator / denominator`, and `when_zero` where the denominator is zero (nothing moved, nothing traded)."""
    filled = np.full_like(numerator, when_zero)
    return np.divide(numerator, denominator, out=filled, where=denominator > 0)


def _move(sessions: int) -> Callable[[_Windows], Floats]:
    """Log return over `sessions`, in units of its own expected size (volatility times root time)."""

    def feature(w: _Windows) -> Floats:
        move: Floats = w.close[:, -1] - w.close[:, -1 - sessions]
        return move / (w.volatility * math.sqrt(sessions))

    return feature


def _distance_from_mean(sessions: int) -> Callable[[_Windows], Floats]:
    """How far the close lies from its simple moving average, in daily volatilities."""

    def feature(w: _Windows) -> Floats:
        distance: Floats = w.close[:, -1] - w.close[:, -sessions:].mean(axis=1)
        return distance / w.volatility

    return feature


def _place_in_range(sessions: int) -> Callable[[_Windows], Floats]:
    """Where the close lies between the lowest low (0) and the highest high (1), as in the stochastic %K."""

    def feature(w: _Windows) -> Floats:
        low, high = w.low[:, -sessions:].min(axis=1), w.high[:, -sessions:].max(axis=1)
        return _ratio(w.close[:, -1] - low, high - low, 0.5)

    return feature


def _rsi(w: _Windows) -> Floats:
    """Cutler's RSI over 14 sessions (simple means), from 0 to 1."""
    moves = w.returns[:, -14:]
    gains = np.maximum(moves, 0).sum(axis=1)
    return _ratio(gains, np.abs(moves).sum(axis=1), 0.5)


def _bollinger(w: _Windows) -> Floats:
    """The close's place in its 20-session Bollinger bands: standard deviations from the mean."""
    closes = w.close[:, -20:]
    return _ratio(w.close[:, -1] - closes.mean(axis=1), closes.std(axis=1), 0.0)


def _volatility_change(w: _Windows) -> Floats:
    """Log ratio of the last week's volatility to the quarter's."""
    week: Floats = np.maximum(w.returns[:, -5:].std(axis=1), _VOLATILITY_FLOOR)
    quarter: Floats = np.maximum(w.returns.std(axis=1), _VOLATILITY_FLOOR)
    return np.log(week / quarter)


def _downside_share(w: _Windows) -> Floats:
    """The share of the month's squared returns that came from falling sessions."""
    squares = w.returns[:, -21:] ** 2
    return _ratio((squares * (w.returns[:, -21:] < 0)).sum(axis=1), squares.sum(axis=1), 0.5)


def _autocorrelation(w: _Windows) -> Floats:
    """Lag-one autocorrelation of the quarter's daily returns: does a move tend to go on or to turn?"""
    centred = w.returns - w.returns.mean(axis=1, keepdims=True)
    return _ratio((centred[:, 1:] * centred[:, :-1]).sum(axis=1), (centred**2).sum(axis=1), 0.0)


def _volume_change(w: _Windows) -> Floats:
    """Log ratio of the session's volume to the month's mean (one share added: a session without trades is real)."""
    change: Floats = np.log1p(w.volume[:, -1]) - np.log1p(w.volume[:, -21:].mean(axis=1))
    return change


def _volume_trend(w: _Windows) -> Floats:
    """Log ratio of the week's mean volume to the quarter's."""
    trend: Floats = np.log1p(w.volume[:, -5:].mean(axis=1)) - np.log1p(w.volume.mean(axis=1))
    return trend


def _volume_balance(w: _Windows) -> Floats:
    """Volume of rising less that of falling sessions, over the month's whole: -1 to 1 (on-balance volume, bounded)."""
    volume = w.volume[:, -21:]
    return _ratio((volume * np.sign(w.returns[:, -21:])).sum(axis=1), volume.sum(axis=1), 0.0)


_FORMULAS: Final[dict[ModelFeature, Callable[[_Windows], Floats]]] = {
    ModelFeature.MOVE_1: _move(1),
    ModelFeature.MOVE_2: _move(2),
    ModelFeature.MOVE_5: _move(5),
    ModelFeature.MOVE_10: _move(10),
    ModelFeature.MOVE_21: _move(21),
    ModelFeature.MOVE_63: _move(63),
    ModelFeature.GAP: lambda w: (w.open[:, -1] - w.close[:, -2]) / w.volatility,
    ModelFeature.PLACE_IN_RANGE_1: _place_in_range(1),
    ModelFeature.PLACE_IN_RANGE_10: _place_in_range(10),
    ModelFeature.PLACE_IN_RANGE_63: _place_in_range(63),
    ModelFeature.DISTANCE_FROM_MEAN_10: _distance_from_mean(10),
    ModelFeature.DISTANCE_FROM_MEAN_50: _distance_from_mean(50),
    ModelFeature.BOLLINGER_20: _bollinger,
    ModelFeature.RSI_14: _rsi,
    ModelFeature.DRAWDOWN_63: lambda w: w.close[:, -1] - w.close.max(axis=1),
    ModelFeature.VOLATILITY_21: lambda w: w.volatility,
    ModelFeature.VOLATILITY_CHANGE: _volatility_change,
    ModelFeature.DOWNSIDE_SHARE_21: _downside_share,
    ModelFeature.AUTOCORRELATION_63: _autocorrelation,
    ModelFeature.TRUE_RANGE: lambda w: (
        (np.maximum(w.high[:, -1], w.close[:, -2]) - np.minimum(w.low[:, -1], w.close[:, -2])) / w.volatility
    ),
    ModelFeature.VOLUME_CHANGE: _volume_change,
    ModelFeature.VOLUME_TREND: _volume_trend,
    ModelFeature.VOLUME_BALANCE_21: _volume_balance,
}

FEATURES: Final[tuple[str, ...]] = tuple(feature.value for feature in ModelFeature)
"""Names of the columns, in order. An artifact trained on another list is refused."""


def feature_matrix(bars: Sequence[Bar], every: slice = slice(None)) -> Floats:
    """Features of each session, as they were known at its close.

    Args:
        bars: one symbol's bars in ascending order, prices positive.
        every: which of the rows that have `NEEDED_BARS` bars behind them are wanted; the others cost nothing.

    Returns:
        Array of shape `(len(bars), len(FEATURES))`. Row `i` depends on bars `i - NEEDED_BARS + 1` to `i` and on no
        other; rows with fewer bars behind them, and those that were not wanted, are all NaN.
    """
    matrix = np.full((len(bars), len(FEATURES)), np.nan)
    if len(bars) >= NEEDED_BARS:
        matrix[NEEDED_BARS - 1 :][every] = _rows(_windows(PriceSeries.of(bars), every))
    return matrix


def last_features(histories: Sequence[Sequence[Bar]]) -> Floats:
    """Features at the close of the last bar of each history: to the last bit its last row of `feature_matrix`.

    Args:
        histories: of different symbols, at least one, each of `NEEDED_BARS` bars or more.

    Returns:
        Array of shape `(len(histories), len(FEATURES))`.
    """
    ends = [PriceSeries.of(bars[-NEEDED_BARS:]) for bars in histories]
    # End to end, each window that begins where a symbol begins holds the bars of that symbol alone.
    together = PriceSeries(*(np.concatenate(columns) for columns in zip(*map(_columns, ends), strict=True)))
    return _rows(_windows(together, slice(None, None, NEEDED_BARS)))


def _columns(bars: PriceSeries) -> tuple[Floats, ...]:
    return bars.open, bars.high, bars.low, bars.close, bars.volume


def _rows(windows: _Windows) -> Floats:
    return np.column_stack([_FORMULAS[feature](windows) for feature in ModelFeature])

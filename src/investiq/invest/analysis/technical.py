"""The technical engine: textbook indicators of TA-Lib vote, and Wilder's ADX decides which kind of vote counts.

Every indicator casts a vote from -1 (sell) to 1 (buy), or abstains where the prices do not define it:

| vote | family | rule | source |
|---|---|---|---|
| moving averages | trend | mean sign of close - SMA 50, close - SMA 200, SMA 50 - SMA 200 | Brock et al. 1992 |
| MACD (12, 26, 9) | trend | mean sign of MACD - its signal line, MACD - 0 | Appel 2005 |
| directional movement (14) | trend | (+DI - -DI) / (+DI + -DI) | Wilder 1978 |
| OBV | trend | OBV's change in 20 sessions / volume traded in them | Granville 1963 |
| RSI (14) | reversal | (50 - RSI) / 20, so that Wilder's 30 and 70 are the full votes | Wilder 1978 |
| Bollinger (20, 2) | reversal | 1 - 2 %b, so that the lower and upper band are the full votes | Bollinger 2001 |
| stochastic (14, 3, 3) | reversal | (50 - slow %K) / 30, so that Lane's 20 and 80 are the full votes | Lane 1984 |

Trend followers are right in trends, oscillators between them. By Wilder's reading a trend begins at an ADX of 25: there
both families have half of the weight. The trend family's share is ADX / 50, at most 1, the reversal family has the
rest, and the votes within a family weigh the same. Then

    score      = sum of weight x vote
    confidence = |weight of the votes above 0 - weight of those below 0|, the margin of the majority

The confidence knows nothing of how strong the votes are: it is 1 when all point one way, and an abstention lowers it.
ATR has no direction; it is reported. Only completed sessions are looked at.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from investiq.foundation.optional_imports import as_if_missing
from investiq.foundation.vocabulary import EngineName
from investiq.invest.analysis.engine import (
    Answer,
    MetricValue,
    Unavailable,
    Verdict,
    finite,
    history_inputs,
    missing_history,
)
from investiq.invest.analysis.snapshot import Floats, PriceSeries, Snapshot

with as_if_missing("pandas", "polars"):  # it wraps their series where they are installed; we give arrays of numpy
    import talib

__all__ = ["NEEDED_SESSIONS", "TechnicalEngine"]

NEEDED_SESSIONS = 200
"""The longest indicator, the 200-session average, needs them."""

_WILDER_SESSIONS = 14
_BAND_SESSIONS = 20
_OBV_SESSIONS = 20
_STOCHASTIC_SESSIONS = 14
_STOCHASTIC_WINDOWS = 5  # slow %D is a mean of 3 slow %K, each a mean of 3 fast %K: 5 windows of 14 sessions
_TREND_ADX = 25.0
_NOISE = 1e-9  # share of the price below which a difference is floating-point noise, not a direction

_TREND = ("moving_averages", "macd", "directional_movement", "obv")
_REVERSAL = ("rsi", "bollinger", "stochastic")

Votes = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one group of indicators shows: its numbers, and its vote (None: the prices do not define it)."""

    metrics: Mapping[str, MetricValue]
    vote: float | None


class TechnicalEngine:
    """Reads trend, momentum and volume from at least 200 completed sessions."""

    name = EngineName.TECHNICAL

    def assess(self, snapshot: Snapshot) -> Answer:
        """The weighted vote of the indicators at the last completed session."""
        prices = snapshot.prices
        if lacking := missing_history(snapshot, NEEDED_SESSIONS):
            return lacking
        readings = _readings(prices)
        votes = {name: reading.vote for name, reading in readings.items()}
        if all(vote is None for vote in votes.values()):
            return Unavailable("no indicator can be read: the price stands still")
        adx = float(talib.ADX(prices.high, prices.low, prices.close, _WILDER_SESSIONS)[-1])
        score, confidence = tally(votes, trend_share(adx))
        return Verdict(score, confidence, _metrics(readings, adx, prices, snapshot))

    def inputs(self, snapshot: Snapshot) -> Hashable:
        """The bars."""
        return history_inputs(snapshot)


def trend_share(adx: float) -> float:
    """Share of the trend family in the vote, 0 to 1: half where Wilder sees a trend begin, at an ADX of 25."""
    return min(adx / (2 * _TREND_ADX), 1.0)


def tally(votes: Votes, share: float) -> tuple[float, float]:
    """Score (-1 to 1) and confidence (0 to 1) of the votes, with `share` of the weight in the trend family."""
    weights = {name: share / len(_TREND) for name in _TREND}
    weights |= {name: (1 - share) / len(_REVERSAL) for name in _REVERSAL}
    cast = [(weights[name], vote) for name, vote in votes.items() if vote is not None]
    score = sum(weight * vote for weight, vote in cast)
    margin = sum(weight * _sign(vote) for weight, vote in cast)
    return _bounded(score), min(abs(margin), 1.0)


def _readings(prices: PriceSeries) -> dict[str, _Reading]:
    return {
        "moving_averages": _moving_averages(prices.close),
        "macd": _macd(prices.close),
        "directional_movement": _directional_movement(prices),
        "obv": _on_balance_volume(prices),
        "rsi": _rsi(prices.close),
        "bollinger": _bollinger(prices.close),
        "stochastic": _stochastic(prices),
    }


def _metrics(
    readings: Mapping[str, _Reading], adx: float, prices: PriceSeries, snapshot: Snapshot
) -> dict[str, MetricValue]:
    atr = float(talib.ATR(prices.high, prices.low, prices.close, _WILDER_SESSIONS)[-1])
    metrics: dict[str, MetricValue] = {}
    for reading in readings.values():
        metrics |= reading.metrics
    metrics |= {"adx_14": finite(adx), "atr_14": finite(atr), "atr_14_of_close": finite(atr / prices.close[-1])}
    metrics |= {f"vote_{name}": reading.vote for name, reading in readings.items()}
    metrics |= {"trend_share": trend_share(adx), "last_session": snapshot.bars.session(-1).isoformat()}
    return metrics


def _moving_averages(close: Floats) -> _Reading:
    last = float(close[-1])
    fast, slow = float(talib.SMA(close, 50)[-1]), float(talib.SMA(close, 200)[-1])
    metrics = {
        "sma_20": finite(talib.SMA(close, 20)[-1]),
        "sma_50": finite(fast),
        "sma_200": finite(slow),
        "ema_20": finite(talib.EMA(close, 20)[-1]),
    }
    signs = [_direction(difference, last) for difference in (last - fast, last - slow, fast - slow)]
    return _Reading(metrics, sum(signs) / 3 if any(signs) else None)


def _macd(close: Floats) -> _Reading:
    macd, signal, histogram = (float(line[-1]) for line in talib.MACD(close, 12, 26, 9))
    metrics = {"macd": finite(macd), "macd_signal": finite(signal), "macd_histogram": finite(histogram)}
    signs = [_direction(histogram, close[-1]), _direction(macd, close[-1])]
    return _Reading(metrics, sum(signs) / 2 if any(signs) else None)


def _directional_movement(prices: PriceSeries) -> _Reading:
    up = float(talib.PLUS_DI(prices.high, prices.low, prices.close, _WILDER_SESSIONS)[-1])
    down = float(talib.MINUS_DI(prices.high, prices.low, prices.close, _WILDER_SESSIONS)[-1])
    vote = _bounded((up - down) / (up + down)) if up + down > 0 else None
    return _Reading({"plus_di_14": finite(up), "minus_di_14": finite(down)}, vote)


def _on_balance_volume(prices: PriceSeries) -> _Reading:
    obv = talib.OBV(prices.close, prices.volume)
    traded = float(prices.volume[-_OBV_SESSIONS:].sum())
    # An unchanged close adds nothing to OBV, so an unmoved price abstains as well as an untraded one.
    moved = bool(np.diff(prices.close[-_OBV_SESSIONS - 1 :]).any())
    change = float(obv[-1] - obv[-_OBV_SESSIONS - 1])
    vote = _bounded(change / traded) if traded > 0 and moved else None
    return _Reading({"obv": finite(obv[-1]), "obv_change_20": finite(change)}, vote)


def _rsi(close: Floats) -> _Reading:
    # For prices that never moved TA-Lib answers 0, which reads as deeply oversold. There is no RSI then.
    if np.ptp(close[-_WILDER_SESSIONS - 1 :]) == 0:
        return _Reading({"rsi_14": None}, None)
    rsi = float(talib.RSI(close, _WILDER_SESSIONS)[-1])
    return _Reading({"rsi_14": finite(rsi)}, _bounded((50 - rsi) / 20))


def _bollinger(close: Floats) -> _Reading:
    upper, middle, lower = (float(band[-1]) for band in talib.BBANDS(close, _BAND_SESSIONS, 2.0, 2.0))
    width = upper - lower
    position = (float(close[-1]) - lower) / width if _direction(width, close[-1]) else None
    metrics = {
        "bollinger_upper": finite(upper),
        "bollinger_middle": finite(middle),
        "bollinger_lower": finite(lower),
        "bollinger_percent_b": position,
    }
    return _Reading(metrics, None if position is None else _bounded(1 - 2 * position))


def _stochastic(prices: PriceSeries) -> _Reading:
    ranges = talib.MAX(prices.high, _STOCHASTIC_SESSIONS) - talib.MIN(prices.low, _STOCHASTIC_SESSIONS)
    # As with RSI: where high equals low over a whole window TA-Lib answers 0, deeply oversold.
    if not (ranges[-_STOCHASTIC_WINDOWS:] > 0).all():
        return _Reading({"stochastic_k": None, "stochastic_d": None}, None)
    k, d = (
        float(line[-1])
        for line in talib.STOCH(
            prices.high, prices.low, prices.close, _STOCHASTIC_SESSIONS, slowk_period=3, slowd_period=3
        )
    )
    return _Reading({"stochastic_k": finite(k), "stochastic_d": finite(d)}, _bounded((50 - k) / 30))


def _direction(difference: float, price: float) -> int:
    """The sign of a difference of prices; 0 where it is only floating-point noise."""
    return 0 if abs(difference) <= _NOISE * abs(price) else _sign(difference)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _bounded(value: float) -> float:
    return min(max(value, -1.0), 1.0)

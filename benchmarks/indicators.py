"""What the technical indicators cost: our engine beside pandas code as it is commonly written, and beside TA-Lib bare.

    python -m benchmarks.indicators [--rounds 41] [--quick] [--json]

All compute the same 19 numbers of the last session from the same two years of AAPL, in this process; that they agree to
nine digits is asserted first. Our engine also votes, checks and says what it found.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import talib

from benchmarks.installation import installation
from benchmarks.rows import Report, Rounds, Row, main
from investiq.invest.analysis import TechnicalEngine
from investiq.invest.analysis.engine import Verdict
from investiq.invest.analysis.snapshot import PriceSeries, Snapshot
from investiq.invest.market.types import Symbol

CALLS = {"ours": 40, "pandas": 5, "TA-Lib": 40}
"""In a round."""
COMMAND = "python -m benchmarks.indicators"

Numbers = Mapping[str, float]


def with_pandas(prices: pd.DataFrame) -> Numbers:
    """As the pandas packages of indicators write them: whole columns, Wilder's averages by `ewm(alpha=1 / 14)`."""
    high, low, close, volume = (prices[name] for name in ("high", "low", "close", "volume"))
    macd = _ema(close, 12) - _ema(close, 26)
    signal = _ema(macd, 9)
    middle, deviation = close.rolling(20).mean(), close.rolling(20).std(ddof=0)
    lowest, highest = low.rolling(14).min(), high.rolling(14).max()
    k = (100 * (close - lowest) / (highest - lowest)).rolling(3).mean()
    obv = volume.iloc[0] + (np.sign(close.diff()).fillna(0) * volume).cumsum()
    columns = {
        "sma_20": middle,
        "sma_50": close.rolling(50).mean(),
        "sma_200": close.rolling(200).mean(),
        "ema_20": _ema(close, 20),
        "macd": macd,
        "macd_signal": signal,
        "macd_histogram": macd - signal,
        "obv": obv,
        "obv_change_20": obv - obv.shift(20),
        "rsi_14": _rsi(close),
        "bollinger_upper": middle + 2 * deviation,
        "bollinger_middle": middle,
        "bollinger_lower": middle - 2 * deviation,
        "stochastic_k": k,
        "stochastic_d": k.rolling(3).mean(),
        **_directional_movement(high, low, close),
    }
    return {name: float(column.iloc[-1]) for name, column in columns.items()}


def _ema(column: pd.Series, sessions: int) -> pd.Series:
    return column.ewm(span=sessions, adjust=False).mean()


def _wilder(column: pd.Series) -> pd.Series:
    return column.ewm(alpha=1 / 14, adjust=False).mean()


def _rsi(close: pd.Series) -> pd.Series:
    change = close.diff().fillna(0)
    up, down = _wilder(change.clip(lower=0)), _wilder(-change.clip(upper=0))
    return 100 * up / (up + down)


def _directional_movement(high: pd.Series, low: pd.Series, close: pd.Series) -> dict[str, pd.Series]:
    before = close.shift()
    ranges = pd.concat([high - low, (high - before).abs(), (low - before).abs()], axis=1).max(axis=1)
    up, down = high.diff(), -low.diff()
    atr = _wilder(ranges)
    plus = 100 * _wilder(up.where((up > down) & (up > 0), 0.0)) / atr
    minus = 100 * _wilder(down.where((down > up) & (down > 0), 0.0)) / atr
    adx = _wilder((100 * (plus - minus).abs() / (plus + minus)).fillna(0))
    return {"plus_di_14": plus, "minus_di_14": minus, "adx_14": adx, "atr_14": atr}


def with_talib(prices: PriceSeries) -> Numbers:
    """The same numbers by the bare functions."""
    high, low, close = prices.high, prices.low, prices.close
    macd, signal, histogram = talib.MACD(close, 12, 26, 9)
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    k, d = talib.STOCH(high, low, close, 14, slowk_period=3, slowd_period=3)
    obv = talib.OBV(close, prices.volume)
    columns = {
        "sma_20": talib.SMA(close, 20),
        "sma_50": talib.SMA(close, 50),
        "sma_200": talib.SMA(close, 200),
        "ema_20": talib.EMA(close, 20),
        "macd": macd,
        "macd_signal": signal,
        "macd_histogram": histogram,
        "plus_di_14": talib.PLUS_DI(high, low, close, 14),
        "minus_di_14": talib.MINUS_DI(high, low, close, 14),
        "adx_14": talib.ADX(high, low, close, 14),
        "atr_14": talib.ATR(high, low, close, 14),
        "obv": obv,
        "rsi_14": talib.RSI(close, 14),
        "bollinger_upper": upper,
        "bollinger_middle": middle,
        "bollinger_lower": lower,
        "stochastic_k": k,
        "stochastic_d": d,
    }
    return {name: float(column[-1]) for name, column in columns.items()} | {"obv_change_20": float(obv[-1] - obv[-21])}


def agree(ours: Verdict, theirs: Numbers) -> None:
    """Both found the same.

    Raises:
        AssertionError: a number differs, or is missing.
    """
    for name, number in theirs.items():
        found = ours.metrics[name]
        assert isinstance(found, float), name
        np.testing.assert_allclose(found, number, rtol=1e-9, err_msg=name)


def snapshot_of_aapl() -> Snapshot:
    with installation() as found:
        snapshot = Snapshot.take(found.parts.market, Symbol("AAPL"))
        asyncio.run(found.parts.aclose())
    return snapshot


def measure(rounds: Rounds) -> Report:
    snapshot, engine = snapshot_of_aapl(), TechnicalEngine()
    prices = snapshot.prices
    frame = pd.DataFrame({name: getattr(prices, name) for name in ("high", "low", "close", "volume")})
    contenders: dict[str, Callable[[], object]] = {
        "ours": lambda: engine.assess(snapshot),
        "pandas": lambda: with_pandas(frame),
        "TA-Lib": lambda: with_talib(prices),
    }
    ours = engine.assess(snapshot)
    assert isinstance(ours, Verdict)
    agree(ours, with_pandas(frame))
    agree(ours, with_talib(prices))
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in rounds:
        for name, contender in contenders.items():
            times[name].append(_microseconds(contender, CALLS[name]))
    return Report(
        [
            Row(
                name=f"technical engine, beside {peer}",
                unit="µs",
                ours=times["ours"],
                peer_name=peer,
                peer=times[peer],
                goal=goal,
                not_compared="reading the prices; only ours votes, checks and reports",
                command=COMMAND,
            )
            for peer, goal in (("pandas", 1.0), ("TA-Lib", None))
        ]
    )


def _microseconds(contender: Callable[[], object], calls: int) -> float:
    started = time.process_time()
    for _ in range(calls):
        contender()
    return (time.process_time() - started) / calls * 1e6


if __name__ == "__main__":
    main("indicators", __doc__, measure, rounds=41, quick=5)

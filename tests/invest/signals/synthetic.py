"""Made-up histories whose predictability is known: for tests only, the product never sees one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from investiq.invest.market.types import Bar, Symbol

FIRST = date(2001, 1, 1)


def weekdays(count: int) -> list[date]:
    days = (FIRST + timedelta(days=number) for number in range(count * 7 // 5 + 7))
    return [day for day in days if day.weekday() < 5][:count]


def _price(value: float) -> Decimal:
    return Decimal(f"{value:.4f}")


def _bars(returns: NDArray[np.float64], random: np.random.Generator) -> list[Bar]:
    closes = 50.0 * np.exp(np.cumsum(returns))
    opens = np.concatenate([[50.0], closes[:-1]])
    spread = np.exp(np.abs(random.normal(0, 0.004, len(closes))))
    highs, lows = np.maximum(opens, closes) * spread, np.minimum(opens, closes) / spread
    volumes = random.integers(100_000, 2_000_000, len(closes))
    prices = zip(opens, highs, lows, closes, strict=True)
    return [
        Bar(session, _price(four[0]), _price(four[1]), _price(four[2]), _price(four[3]), int(volume))
        for session, four, volume in zip(weekdays(len(closes)), prices, volumes, strict=True)
    ]


def random_walk(sessions: int, seed: int) -> list[Bar]:
    """Nothing predicts anything."""
    random = np.random.default_rng(seed)
    return _bars(random.normal(0, 0.015, sessions), random)


def trending(sessions: int, seed: int) -> list[Bar]:
    """Drifts of either sign that last about forty sessions: the recent past tells the next days."""
    random = np.random.default_rng(seed)
    turns = random.random(sessions) < 1 / 40
    sign = np.where(np.cumsum(turns) % 2 == 0, 1.0, -1.0)
    return _bars(0.008 * sign + random.normal(0, 0.012, sessions), random)


def random_walks(sessions: int = 700, seed: int = 1) -> dict[Symbol, list[Bar]]:
    return {Symbol(name): random_walk(sessions, seed * 100 + i) for i, name in enumerate(("AAA", "BBB", "CCC"))}


def trends(sessions: int = 700, seed: int = 1) -> dict[Symbol, list[Bar]]:
    return {Symbol(name): trending(sessions, seed * 100 + i) for i, name in enumerate(("AAA", "BBB", "CCC"))}


def scaled(bars: Sequence[Bar], factor: Decimal) -> list[Bar]:
    return [
        replace(bar, open=bar.open * factor, high=bar.high * factor, low=bar.low * factor, close=bar.close * factor)
        for bar in bars
    ]

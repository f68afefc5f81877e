"""The fundamental engine: a value investor's screen over the newest published figures.

| figure | passes | source |
|---|---|---|
| `pe_ratio` | above 0 and at most 15 | Graham, "The Intelligent Investor" 1973, chapter 14 |
| `pb_ratio` | above 0 and at most 1.5 | the same |
| `debt_to_equity` | from 0 to 1: it owes no more than its owners put in | balance sheet identity |
| `roe` | at least 15 % | Buffett, letter to shareholders for 1987 |
| `revenue_growth` | above 0: it sells more than a year ago | definition |

    score      = (passed - missed) / n              n: how many of the five figures are given
    confidence = |passed - missed| / (n + 2)        Laplace's rule of succession: few figures, little confidence

Figures not given are left out, never filled in. A provider without fundamentals makes the engine unavailable, and so do
figures older than `MAX_AGE`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta

from investiq.foundation.vocabulary import EngineName
from investiq.invest.analysis.engine import Answer, MetricValue, Steady, Unavailable, Verdict
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.market.types import Fundamentals, Symbol

__all__ = ["MAX_AGE", "FundamentalEngine"]

MAX_AGE = timedelta(days=455)
"""A year, and the 90 days that the SEC gives a small company to file its annual report."""

_SCREEN: Mapping[str, Callable[[float], bool]] = {
    "pe_ratio": lambda ratio: 0 < ratio <= 15,
    "pb_ratio": lambda ratio: 0 < ratio <= 1.5,
    "debt_to_equity": lambda ratio: 0 <= ratio <= 1,
    "roe": lambda share: share >= 0.15,
    "revenue_growth": lambda share: share > 0,
}


class FundamentalEngine:
    """Screens figures that `fundamentals(symbol)` gives: None when the provider has none at all."""

    name = EngineName.FUNDAMENTAL

    def __init__(self, fundamentals: Callable[[Symbol], Sequence[Fundamentals] | None]) -> None:
        self._fundamentals = fundamentals

    def assess(self, snapshot: Snapshot) -> Answer:
        """How much of the screen the newest figures published by `snapshot.as_of` pass."""
        reports = self._fundamentals(snapshot.symbol)
        if reports is None:
            return Unavailable("the price provider has no fundamentals")
        newest = _newest(reports, snapshot.as_of)
        if newest is None:
            return Unavailable(f"no fundamentals of {snapshot.symbol} have been published yet")
        age = snapshot.as_of - newest.published_at
        if age > MAX_AGE:
            return Unavailable(f"the newest figures are {age.days} days old, more than {MAX_AGE.days}")
        return _screened(newest)

    def inputs(self, snapshot: Snapshot) -> Hashable:
        """The newest figures, and their age once they are too old."""
        reports = self._fundamentals(snapshot.symbol)
        if reports is None:
            return Steady("no fundamentals")
        newest = _newest(reports, snapshot.as_of)
        if newest is None:
            return "none yet"
        age = snapshot.as_of - newest.published_at
        return newest.published_at, tuple(sorted(newest.values.items())), age.days if age > MAX_AGE else None


def _newest(reports: Sequence[Fundamentals], as_of: datetime) -> Fundamentals | None:
    """The market has run on since the snapshot was taken: a newer report belongs to the next analysis."""
    published = [report for report in reports if report.published_at <= as_of]
    return max(published, key=lambda report: report.published_at, default=None)


def _screened(report: Fundamentals) -> Answer:
    figures = {name: report.values[name] for name in _SCREEN if name in report.values}
    figures = {name: float(value) for name, value in figures.items() if math.isfinite(value)}
    if not figures:
        return Unavailable(f"the newest figures have none of {', '.join(_SCREEN)}")
    passed = [name for name, value in figures.items() if _SCREEN[name](value)]
    balance = 2 * len(passed) - len(figures)
    metrics: dict[str, MetricValue] = {
        **figures,
        "passed": len(passed),
        "given": len(figures),
        "published_on": report.published_at.date().isoformat(),
    }
    return Verdict(balance / len(figures), abs(balance) / (len(figures) + 2), metrics)

"""The sentiment engine: VADER on the real headlines of the last seven days of market time.

    score      = mean VADER compound score of the distinct headlines, each from -1 to 1
    confidence = |positive - negative| / (n + 2)

A headline counts as positive from a compound of 0.05 and as negative from -0.05, the bounds that VADER's authors give
(Hutto and Gilbert, ICWSM 2014). The confidence is the margin between both by Laplace's rule of succession: one headline
is worth 1/3, ten that agree 10/12, and as many for as against nothing. VADER's lexicon is of general English, not of
finance. A provider without news makes the engine unavailable; no sentiment is ever made up.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from investiq.foundation.vocabulary import EngineName
from investiq.invest.analysis.engine import Answer, Steady, Unavailable, Verdict
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.market.types import Headline, Symbol

__all__ = ["WINDOW", "SentimentEngine"]

WINDOW = timedelta(days=7)
_POSITIVE, _NEGATIVE = 0.05, -0.05


class SentimentEngine:
    """Scores headlines that `headlines(symbol)` gives: None when the provider has no news at all."""

    name = EngineName.SENTIMENT

    def __init__(self, headlines: Callable[[Symbol], Sequence[Headline] | None]) -> None:
        self._headlines = headlines

    def assess(self, snapshot: Snapshot) -> Answer:
        """The mood of the headlines published in the seven days up to `snapshot.as_of`."""
        headlines = self._headlines(snapshot.symbol)
        if headlines is None:
            return Unavailable("the price provider has no news")
        texts = _recent(headlines, snapshot.as_of)
        if not texts:
            return Unavailable(f"no headline about {snapshot.symbol} in the last {WINDOW.days} days of market time")
        return _verdict([_analyzer().polarity_scores(text)["compound"] for text in texts])

    def inputs(self, snapshot: Snapshot) -> Hashable:
        """The headlines in the window."""
        headlines = self._headlines(snapshot.symbol)
        return Steady("no news") if headlines is None else tuple(_recent(headlines, snapshot.as_of))


def _recent(headlines: Iterable[Headline], as_of: datetime) -> list[str]:
    """Distinct texts in the window: one story sent by five agencies is one story.

    The market has run on since the snapshot was taken, hence the upper bound.
    """
    return sorted({each.text.strip() for each in headlines if as_of - WINDOW < each.published_at <= as_of})


def _verdict(compounds: Sequence[float]) -> Verdict:
    count = len(compounds)
    positive = sum(compound >= _POSITIVE for compound in compounds)
    negative = sum(compound <= _NEGATIVE for compound in compounds)
    metrics = {"headlines": count, "positive": positive, "negative": negative}
    return Verdict(sum(compounds) / count, abs(positive - negative) / (count + 2), metrics)


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    """VADER with its lexicon of 7,500 words: read once, and only when there is a headline to score."""
    return SentimentIntensityAnalyzer()

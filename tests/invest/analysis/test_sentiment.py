"""The sentiment engine scores real headlines of the last seven days, and none that it does not have."""

from __future__ import annotations

from datetime import timedelta

import pytest

from investiq.invest.analysis.engine import Unavailable, Verdict
from investiq.invest.analysis.sentiment import SentimentEngine
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.market.types import Headline, Symbol
from tests.invest.analysis.made_markets import SYMBOL, made_bars, market_at_close, snapshot_of

SNAPSHOT = snapshot_of(made_bars([10, 11, 12]))
NOW = SNAPSHOT.as_of
GOOD, BAD, FLAT = "A great win for the company", "A terrible disaster and a horrible loss", "The board meets on Tuesday"


def assess(*headlines: Headline) -> Verdict | Unavailable:
    return SentimentEngine(lambda _symbol: headlines).assess(SNAPSHOT)


def headline(text: str, **before: float) -> Headline:
    return Headline(NOW - timedelta(**before), text)


def test_a_provider_without_news_makes_it_unavailable() -> None:
    assert SentimentEngine(lambda _symbol: None).assess(SNAPSHOT) == Unavailable("the price provider has no news")


def test_no_headline_in_seven_days_of_market_time_makes_it_unavailable() -> None:
    nothing = Unavailable("no headline about TEST in the last 7 days of market time")
    assert assess() == nothing
    assert assess(headline(GOOD, days=7)) == nothing
    assert isinstance(assess(headline(GOOD, days=6.9)), Verdict)


def test_good_news_scores_above_0_and_bad_news_below() -> None:
    good, bad = assess(headline(GOOD, days=1)), assess(headline(BAD, days=1))
    assert isinstance(good, Verdict)
    assert isinstance(bad, Verdict)
    assert bad.score < -0.5 < 0.5 < good.score


@pytest.mark.parametrize(
    ("texts", "confidence"),
    [([GOOD], 1 / 3), ([GOOD, BAD], 0), ([FLAT], 0), ([BAD, BAD + " again"], 2 / 4), ([GOOD, GOOD + "!", FLAT], 2 / 5)],
)
def test_confidence_is_the_margin_by_the_rule_of_succession(texts: list[str], confidence: float) -> None:
    verdict = assess(*(headline(text, hours=1) for text in texts))
    assert isinstance(verdict, Verdict)
    assert verdict.confidence == pytest.approx(confidence)
    assert verdict.metrics["headlines"] == len(texts)


def test_one_story_from_five_agencies_is_one_story() -> None:
    once = assess(headline(GOOD, hours=1), headline(BAD, hours=1))
    often = assess(headline(GOOD, hours=1), *(headline(BAD, hours=hour) for hour in range(5)))
    assert once == often


def test_news_that_arrives_after_the_snapshot_is_not_seen() -> None:
    after = Headline(NOW + timedelta(seconds=1), BAD)
    assert assess(headline(GOOD, hours=1), after) == assess(headline(GOOD, hours=1))


def test_the_market_gives_what_was_published_by_now() -> None:
    bars = {SYMBOL: made_bars([10, 11, 12]), Symbol("QUIET"): made_bars([10, 11, 12])}
    news = {SYMBOL: [headline(GOOD, hours=2), Headline(NOW + timedelta(hours=2), BAD)]}
    market, _ = market_at_close(bars, headlines=news)
    verdict = SentimentEngine(market.headlines).assess(Snapshot.take(market, SYMBOL))
    assert isinstance(verdict, Verdict)
    assert verdict.metrics == {"headlines": 1, "positive": 1, "negative": 0}
    quiet = SentimentEngine(market.headlines).assess(Snapshot.take(market, Symbol("QUIET")))
    assert quiet == Unavailable("no headline about QUIET in the last 7 days of market time")

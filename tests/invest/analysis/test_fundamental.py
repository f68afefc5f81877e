"""The fundamental engine screens published figures and fills in none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta

import pytest

from investiq.invest.analysis.engine import Unavailable, Verdict
from investiq.invest.analysis.fundamental import FundamentalEngine
from investiq.invest.market.types import Fundamentals
from tests.invest.analysis.made_markets import made_bars, snapshot_of

SNAPSHOT = snapshot_of(made_bars([10, 11, 12]))
SOUND = {"pe_ratio": 15.0, "pb_ratio": 1.5, "debt_to_equity": 1.0, "roe": 0.15, "revenue_growth": 0.01}
UNSOUND = {"pe_ratio": 15.1, "pb_ratio": 1.51, "debt_to_equity": 1.01, "roe": 0.149, "revenue_growth": 0.0}


def report(values: Mapping[str, float], days_ago: float = 1) -> Fundamentals:
    return Fundamentals(SNAPSHOT.as_of - timedelta(days=days_ago), values)


def assess(*reports: Fundamentals) -> Verdict | Unavailable:
    return FundamentalEngine(lambda _symbol: reports).assess(SNAPSHOT)


def verdict(*reports: Fundamentals) -> Verdict:
    answer = assess(*reports)
    assert isinstance(answer, Verdict)
    return answer


def test_a_provider_without_fundamentals_makes_it_unavailable() -> None:
    answer = FundamentalEngine(lambda _symbol: None).assess(SNAPSHOT)
    assert answer == Unavailable("the price provider has no fundamentals")


def test_figures_right_at_the_bounds_pass_and_just_beyond_them_miss() -> None:
    assert verdict(report(SOUND)).score == 1
    assert verdict(report(UNSOUND)).score == -1
    assert verdict(report(SOUND)).confidence == pytest.approx(5 / 7)


@pytest.mark.parametrize("figure", ["pe_ratio", "pb_ratio", "debt_to_equity"])
def test_a_company_that_loses_money_or_owes_more_than_all_it_has_is_not_cheap(figure: str) -> None:
    assert verdict(report({figure: -5.0})).score == -1


def test_few_figures_give_little_confidence_and_none_is_filled_in() -> None:
    one = verdict(report({"pe_ratio": 10.0}))
    assert one.score == 1
    assert one.confidence == pytest.approx(1 / 3)
    assert one.metrics == {"pe_ratio": 10.0, "passed": 1, "given": 1, "published_on": "2005-01-04"}


def test_a_split_screen_is_neutral_without_confidence() -> None:
    split = verdict(report({"pe_ratio": 10.0, "roe": 0.01}))
    assert (split.score, split.confidence) == (0, 0)


def test_the_newest_published_report_counts_and_a_later_one_is_not_seen() -> None:
    assert verdict(report(UNSOUND, 200), report(SOUND, 100), report(UNSOUND, -0.01)).score == 1


def test_figures_older_than_the_latest_possible_annual_report_are_not_used() -> None:
    assert isinstance(assess(report(SOUND, 455)), Verdict)
    assert assess(report(SOUND, 456)) == Unavailable("the newest figures are 456 days old, more than 455")


@pytest.mark.parametrize("values", [{}, {"employees": 12.0}, {"pe_ratio": math.nan}])
def test_a_report_without_a_usable_figure_makes_it_unavailable(values: Mapping[str, float]) -> None:
    answer = assess(report(values))
    assert isinstance(answer, Unavailable)
    assert answer.reason.startswith("the newest figures have none of pe_ratio")


def test_nothing_published_yet_makes_it_unavailable() -> None:
    assert assess() == Unavailable("no fundamentals of TEST have been published yet")
    assert assess(report(SOUND, -1)) == assess()

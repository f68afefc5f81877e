"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation import figures as fmt


def test_a_minute_is_of_today_or_says_its_day() -> None:
    noon = datetime(2026, 3, 2, 12, 5, 59, tzinfo=UTC)
    assert fmt.minute(noon, now=noon) == "12:05 UTC"
    assert fmt.minute(noon, now=noon - timedelta(days=1)) == "2 Mar 12:05 UTC"


def test_money_keeps_its_cents_and_its_sign() -> None:
    assert fmt.money("12345.6") == "$12,345.60"
    assert fmt.money("-0.5") == "−$0.50"
    assert fmt.signed_money("12.3") == "+$12.30"
    assert fmt.signed_money("0") == "$0.00"


@pytest.mark.parametrize("write", [fmt.money, fmt.signed_money, fmt.price, fmt.number, fmt.percent, fmt.quantity])
@pytest.mark.parametrize("value", [None, "", "NaN", "what", float("inf")])
def test_what_is_missing_is_a_dash_and_never_a_zero(write: object, value: object) -> None:
    assert callable(write)
    assert write(value) == fmt.MISSING


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=2))
def test_money_can_be_read_back(amount: Decimal) -> None:
    written = fmt.money(str(amount))

    assert Decimal(written.replace("−", "-").replace("$", "").replace(",", "")) == amount


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=4))
def test_quantities_lose_nothing_but_zeros(shares: Decimal) -> None:
    assert Decimal(fmt.quantity(str(shares)).replace("−", "-").replace(",", "")) == shares


def test_what_rounds_to_zero_has_no_sign() -> None:
    assert fmt.signed(-0.001) == "0.00"
    assert fmt.percent(-0.00001, 1) == "0.0\u202f%"


def test_percent_is_made_of_a_fraction() -> None:
    assert fmt.percent(0.7) == "70\u202f%"
    assert fmt.percent("0.0036", 2) == "0.36\u202f%"
    assert fmt.percent(0.0123, 2, plus=True) == "+1.23\u202f%"


def test_cheap_shares_show_more_digits() -> None:
    assert fmt.price("24.7454") == "24.75"
    assert fmt.price("0.1234") == "0.1234"


@pytest.mark.parametrize(
    ("seconds", "words"), [(8.4, "8 s"), (720, "12 min"), (12600, "3.5 h"), (200_000, "2 days"), (None, "–")]
)
def test_ages_are_in_the_unit_that_people_use(seconds: float | None, words: str) -> None:
    assert fmt.age(seconds).replace("\u202f", " ") == words


def test_market_time_is_new_yorks_in_winter_and_in_summer() -> None:
    assert fmt.market_time("2008-01-02T18:01:20Z") == "Wed 2 Jan 2008, 13:01"
    assert fmt.market_time("2008-07-02T18:01:20Z") == "Wed 2 Jul 2008, 14:01"


def test_real_time_names_the_day_when_it_is_not_today() -> None:
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)

    assert fmt.clock_time("2026-01-02T10:00:00Z", now) == "10:00:00 UTC"
    assert fmt.clock_time("2026-01-01T10:00:00Z", now) == "1 Jan 10:00:00 UTC"
    assert fmt.clock_time("2008-01-02T10:00:00Z", now) == "2 Jan 2008, 10:00:00 UTC"  # market time of a replay


def test_counts_are_words_where_there_is_nothing() -> None:
    assert fmt.count(0, "order") == "no orders"
    assert fmt.count(1, "order") == "1 order"
    assert fmt.count(3, "order") == "3 orders"


def test_a_gain_and_a_loss_differ_and_nothing_is_neither() -> None:
    assert {fmt.tone("1"), fmt.tone("-1"), fmt.tone("0"), fmt.tone(None)} == {"tone-good", "tone-bad", "tone-plain"}


def test_a_figure_that_is_shown_as_zero_is_neither_a_gain_nor_a_loss() -> None:
    assert [fmt.tone(value) for value in ("-0.004", "0.004", None, "-0.006", "0.01")] == [
        "tone-plain",
        "tone-plain",
        "tone-plain",
        "tone-bad",
        "tone-good",
    ]


def test_the_total_return_is_unknown_without_its_parts() -> None:
    assert fmt.total_return("101450", "100000") == Decimal("0.0145")
    assert fmt.total_return(None, "100000") is None
    assert fmt.total_return("5", "0") is None

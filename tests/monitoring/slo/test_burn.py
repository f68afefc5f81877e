"""The windows and factors are those of their source."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from investiq.monitoring.slo.burn import PAGES, PAIRS, TICKETS, WINDOWS, Pair, fastest_burn, lower_limits, pairs_for
from investiq.promql import duration

THIRTY_DAYS = timedelta(days=30)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.long)
def test_a_factor_is_what_spends_the_named_share_of_thirty_days(pair: Pair) -> None:
    assert pair.factor * (duration.parse(pair.long) / THIRTY_DAYS) == pytest.approx(pair.budget)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.long)
def test_the_short_window_is_a_twelfth_of_the_long_one(pair: Pair) -> None:
    assert duration.parse(pair.short) == duration.parse(pair.long) / 12


def test_the_data_tell_pages_from_tickets() -> None:
    assert [(pair.short, pair.long, pair.factor) for pair in PAGES] == [("5m", "1h", 14.4), ("30m", "6h", 6)]
    assert [(pair.short, pair.long, pair.factor) for pair in TICKETS] == [("2h", "1d", 3), ("6h", "3d", 1)]
    assert WINDOWS == ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


@pytest.mark.parametrize("objective", ["0.000000001", "0.1", "0.5", "0.8", "0.9", "0.95", "0.97", "0.999"])
def test_every_factor_is_in_reach_of_every_objective(objective: str) -> None:
    fastest = fastest_burn(Decimal(objective))
    assert all(1 <= pair.factor < fastest for pair in pairs_for(Decimal(objective), PAIRS))


@pytest.mark.parametrize(
    ("objective", "factors"),
    [
        ("0.99", (14.4, 6, 3, 1)),
        ("0.97", (14.4, 6, 3, 1)),
        ("0.95", (10.5, 6, 3, 1)),
        ("0.9", (5.5, 5.5, 3, 1)),
        ("0.8", (3, 3, 3, 1)),
        ("0.5", (1.5, 1.5, 1.5, 1)),
    ],
)
def test_a_factor_is_half_way_to_the_fastest_burn_where_that_is_lower(
    objective: str, factors: tuple[float, ...]
) -> None:
    assert tuple(pair.factor for pair in pairs_for(Decimal(objective), PAIRS)) == factors


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.long)
def test_the_least_objective_is_where_the_factor_begins_to_be_lower(pair: Pair) -> None:
    least = Decimal(pair.least_objective)
    assert pair.for_objective(least + Decimal("0.001")) == pair
    assert least == 0 or pair.for_objective(least - Decimal("0.001")).factor < pair.factor


def test_what_is_lower_is_said_in_words() -> None:
    assert lower_limits(Decimal("0.99")) is None
    assert lower_limits(Decimal("0.8")) == (
        "its burn rate is at most 5, so it pages above 3 over 1h (not 14.4), and pages above 3 over 6h (not 6)"
    )

"""The windows and factors are those of their source."""

from __future__ import annotations

from datetime import timedelta

import pytest

from investiq.monitoring.slo.burn import PAGES, PAIRS, TICKETS, WINDOWS, Pair
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

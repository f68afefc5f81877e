"""What the charts are given to draw."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from investiq.serve.web import charts
from tests.serve.web.fakes import bars

prices = st.lists(st.floats(min_value=0.01, max_value=1e5), max_size=60)


@given(prices, st.integers(min_value=1, max_value=30))
def test_an_average_is_the_mean_of_its_window(values: list[float], sessions: int) -> None:
    means = charts.averages(values, sessions)

    assert len(means) == max(0, len(values) - sessions + 1)
    for end, mean in enumerate(means, start=sessions):
        assert math.isclose(mean, sum(values[end - sessions : end]) / sessions, rel_tol=1e-9, abs_tol=1e-6)


def test_an_average_begins_with_its_first_full_window() -> None:
    series = {line["id"]: line["data"] for line in charts.price_series(bars(60))}

    assert series["sma20"][0] == {"time": bars(60)[19]["session"], "value": 10.5}
    assert series["sma50"][-1]["value"] == 35.5
    assert series["sma200"] == []


def test_two_points_within_a_second_are_one_to_the_chart() -> None:
    points = [
        {"at": "2008-01-09T14:30:00.1Z", "equity": "1", "drawdown": "0"},
        {"at": "2008-01-09T14:30:00.9Z", "equity": "2", "drawdown": "0.5"},
    ]

    equity, drawdown = charts.equity_series(points)  # type: ignore[arg-type]

    assert [point["value"] for point in equity["data"]] == [2.0]
    assert [point["value"] for point in drawdown["data"]] == [-50.0]


def test_equity_is_drawn_at_new_yorks_clock() -> None:
    point = {"at": "2008-01-09T14:30:00Z", "equity": "1", "drawdown": "0"}

    time = charts.equity_series([point])[0]["data"][0]["time"]  # type: ignore[list-item]

    assert time % 86_400 == (9 * 60 + 30) * 60


def test_the_visible_range_ends_with_the_last_bar_and_does_not_begin_before_the_first() -> None:
    days = bars(60)

    assert charts.visible_range(days, "3Y") == {"from": days[0]["session"], "to": days[-1]["session"]}
    assert charts.visible_range([], "1Y") is None


def test_no_logo_with_an_outside_address_is_drawn() -> None:
    assert charts.chart("x", 100, []).chartOptions["layout"]["attributionLogo"] is False  # type: ignore[attr-defined]

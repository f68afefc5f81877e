"""Lengths of time as people type and read them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from investiq.foundation.durations import MalformedDuration, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30s", timedelta(seconds=30)),
        ("500ms", timedelta(milliseconds=500)),
        ("90m", timedelta(minutes=90)),
        (" 1.5 h ", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
        ("45", timedelta(seconds=45)),
    ],
)
def test_a_number_and_its_unit_are_a_length(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text",
    ["", "soon", "h", "-1h", "1h 30m", "1w", "1e3s", "٣h", pytest.param("9" * 400 + "d", id="endless"), "99999999d"],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(MalformedDuration, match="such as 30s, 10m, 2h or 7d"):
        parse_duration(text)


def test_a_unit_may_be_demanded() -> None:
    with pytest.raises(MalformedDuration):
        parse_duration("600", unit_needed=True)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=12), "12s"),
        (timedelta(seconds=200), "3m 20s"),
        (timedelta(minutes=65), "1h 5m"),
        (timedelta(hours=47), "47h 0m"),
        (timedelta(days=7, hours=2), "7d 2h"),
        (timedelta(seconds=-3), "0s"),
    ],
)
def test_a_length_is_written_in_two_units_at_most(length: timedelta, text: str) -> None:
    assert format_duration(length) == text

"""Durations mean what Prometheus means by them, and what is written is read again as the same length."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.promql import duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(minutes=90)),
        ("1m30s", timedelta(seconds=90)),
        ("90s", timedelta(seconds=90)),
        ("1y2w3d", timedelta(days=365 + 14 + 3)),
        ("1500ms", timedelta(seconds=1.5)),
        ("0", timedelta()),
        ("0s", timedelta()),
        ("0h0m", timedelta()),
    ],
)
def test_a_duration_is_as_long_as_prometheus_takes_it_for(text: str, length: timedelta) -> None:
    assert duration.parse(text) == length


@pytest.mark.parametrize("text", ["", "5", "1.5m", "-5m", "5 m", " 5m", "5m\n", "1m1h", "5m5m", "5min", "9" * 30 + "y"])
def test_what_prometheus_refuses_in_a_file_is_no_duration(text: str) -> None:
    with pytest.raises(duration.InvalidDuration, match=r"is not a duration: expected .* such as 30s, 5m or 1h30m"):
        duration.parse(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(hours=36), "1d12h"),
        (timedelta(seconds=2.5), "2s500ms"),
        (timedelta(microseconds=1), "0s"),
        (timedelta(minutes=-5), "-5m"),
    ],
)
def test_a_length_is_written_in_the_largest_units_that_fit(length: timedelta, text: str) -> None:
    assert duration.format(length) == text


@given(st.integers(0, 10**13))
def test_what_is_written_is_read_again(milliseconds: int) -> None:
    length = timedelta(milliseconds=milliseconds)
    assert duration.parse(duration.format(length)) == length

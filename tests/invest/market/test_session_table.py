"""The table of sessions says what the library says that it was made from."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from investiq.invest.market.session_table import FIRST_DAY, LAST_DAY, Hours, kept_sessions
from tests.invest.market.session_library import library_sessions, table_lines


def _session(day: date, opens: int = 14, closes: int = 21) -> Hours:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(hours=opens), midnight + timedelta(hours=closes)


def test_the_table_is_what_the_library_says() -> None:
    """It fails after a release that knows more: run `python -m tests.invest.market.session_library`."""
    assert list(kept_sessions(LAST_DAY)) == list(library_sessions())


def test_no_session_after_the_day_that_was_asked_for() -> None:
    assert [opens.date() for opens, _ in kept_sessions(date(1970, 1, 6))] == [
        date(1970, 1, 2),
        date(1970, 1, 5),
        date(1970, 1, 6),
    ]


def test_after_the_last_day_that_is_known_there_is_none() -> None:
    assert max(opens.date() for opens, _ in kept_sessions(LAST_DAY + timedelta(days=366))) == LAST_DAY


def test_only_what_differs_has_a_line() -> None:
    friday = FIRST_DAY + timedelta(days=1)
    monday = friday + timedelta(days=3)
    days = [_session(friday), _session(monday), _session(monday + timedelta(days=1), closes=18)]
    assert list(table_lines(days)) == [
        "1970-01-01 closed",
        "1970-01-02 14:00 21:00",
        "1970-01-06 14:00 18:00",
    ]


@pytest.mark.parametrize(
    "impossible",
    [_session(FIRST_DAY + timedelta(days=2)), _session(FIRST_DAY, closes=25)],
    ids=["on a Saturday", "over midnight"],
)
def test_what_a_table_cannot_say_is_refused(impossible: Hours) -> None:
    with pytest.raises(ValueError, match="the table cannot say"):
        list(table_lines([impossible, _session(FIRST_DAY + timedelta(days=5))]))

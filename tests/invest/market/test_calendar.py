"""The calendar knows what traders know: holidays, half days, daylight saving, and that nights do not count."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from investiq.invest.market.calendar import OutsideCalendar, TradingCalendar, xnys
from tests.invest.market.fakes import utc

_INSTANTS = st.datetimes(
    min_value=utc("2000-01-03 00:00").replace(tzinfo=None), max_value=utc("2013-12-31 00:00").replace(tzinfo=None)
)


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return xnys()


@pytest.mark.parametrize("day", ["2008-01-01", "2008-01-05", "2001-09-11", "2012-10-29"])
def test_holidays_weekends_and_the_days_that_the_exchange_stayed_shut_are_no_sessions(
    calendar: TradingCalendar, day: str
) -> None:
    assert not calendar.is_session(date.fromisoformat(day))
    with pytest.raises(OutsideCalendar, match=day):
        calendar.session(date.fromisoformat(day))


def test_an_early_close_is_the_close(calendar: TradingCalendar) -> None:
    session = calendar.session(date(2012, 11, 23))
    assert session.close == utc("2012-11-23 18:00")
    assert session.seconds == 3.5 * 3600


def test_daylight_saving_moves_the_opening_in_utc(calendar: TradingCalendar) -> None:
    assert calendar.session(date(2008, 3, 7)).open == utc("2008-03-07 14:30")
    assert calendar.session(date(2008, 3, 10)).open == utc("2008-03-10 13:30")


def test_the_sessions_of_a_range_include_both_ends(calendar: TradingCalendar) -> None:
    days = [session.day.day for session in calendar.sessions(date(2008, 1, 1), date(2008, 1, 7))]
    assert days == [2, 3, 4, 7]


def test_the_market_is_open_from_the_opening_until_just_before_the_close(calendar: TradingCalendar) -> None:
    tick = timedelta(microseconds=1)
    opening, close = utc("2008-01-02 14:30"), utc("2008-01-02 21:00")
    assert [calendar.is_open(at) for at in (opening - tick, opening, close - tick, close)] == [False, True, True, False]


def test_the_next_opening_is_beyond_a_holiday(calendar: TradingCalendar) -> None:
    assert calendar.next_open(utc("2007-12-31 21:00")) == utc("2008-01-02 14:30")


def test_the_latest_session_and_the_next_opening_around_a_weekend(calendar: TradingCalendar) -> None:
    saturday = utc("2008-01-05 12:00")
    assert calendar.latest(saturday).day == date(2008, 1, 4)
    assert calendar.next_open(saturday) == utc("2008-01-07 14:30")
    assert calendar.next_open(utc("2008-01-07 14:30")) == utc("2008-01-08 14:30")


def test_open_seconds_leave_out_nights_and_weekends(calendar: TradingCalendar) -> None:
    assert calendar.open_seconds(utc("2008-01-04 20:00"), utc("2008-01-07 15:30")) == 2 * 3600
    assert calendar.open_seconds(utc("2008-01-04 22:00"), utc("2008-01-07 14:00")) == 0


@settings(deadline=None)
@given(_INSTANTS, _INSTANTS, _INSTANTS)
def test_open_seconds_add_up_and_never_exceed_the_time_that_passed(a: object, b: object, c: object) -> None:
    calendar = xnys()
    first, second, third = sorted(utc(str(each)) for each in (a, b, c))
    halves = calendar.open_seconds(first, second) + calendar.open_seconds(second, third)
    assert halves == pytest.approx(calendar.open_seconds(first, third), abs=1e-3)
    assert 0 <= calendar.open_seconds(first, third) <= (third - first).total_seconds() + 1e-3


def test_missing_sessions_are_those_between_the_first_and_the_last_day(calendar: TradingCalendar) -> None:
    assert calendar.missing([date(2008, 1, 2), date(2008, 1, 7)]) == [date(2008, 1, 3), date(2008, 1, 4)]
    assert not calendar.missing([])


def test_the_calendar_reaches_years_into_the_future_and_says_where_it_ends(calendar: TradingCalendar) -> None:
    assert calendar.last.day - datetime.now(UTC).date() > timedelta(days=700)
    with pytest.raises(OutsideCalendar, match=f"from 1970-01-02 to {calendar.last.day}"):
        calendar.next_open(calendar.last.close)
    with pytest.raises(OutsideCalendar):
        calendar.latest(utc("1969-12-31 15:00"))

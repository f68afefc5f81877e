"""Which backups are forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from investiq.operate.backup.restic import Snapshot
from investiq.operate.backup.retention import to_forget

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)

ages = st.lists(st.tuples(st.integers(0, 100 * 24 * 60), st.booleans()), max_size=60)


def snapshots(found: list[tuple[int, bool]]) -> list[Snapshot]:
    return [
        Snapshot(str(number), str(number), NOW - timedelta(minutes=minutes), proven)
        for number, (minutes, proven) in enumerate(found)
    ]


@given(ages, st.integers(1, 60))
def test_neither_the_newest_nor_the_newest_proven_one_is_ever_forgotten(
    found: list[tuple[int, bool]], keep_days: int
) -> None:
    there = snapshots(found)
    forgotten = {one.id for one in to_forget(there, keep_days, NOW)}
    for some in (there, [one for one in there if one.proven]):
        if some:
            newest = max(one.time for one in some)
            assert any(one.time == newest and one.id not in forgotten for one in some)


@given(ages, st.integers(1, 60))
def test_every_day_within_the_time_has_one_left(found: list[tuple[int, bool]], keep_days: int) -> None:
    there = snapshots(found)
    forgotten = {one.id for one in to_forget(there, keep_days, NOW)}
    kept = {one.time.date() for one in there if one.id not in forgotten}
    last = {day: max(one.time for one in there if one.time.date() == day) for day in {one.time.date() for one in there}}
    assert {day for day, time in last.items() if NOW - time <= timedelta(days=keep_days)} <= kept


def test_hourly_backups_are_thinned_to_one_a_day_and_end_after_thirty_days() -> None:
    there = snapshots([(60 * hour, False) for hour in range(24 * 90)])
    kept = len(there) - len(to_forget(there, 30, NOW))
    assert 48 + 28 <= kept <= 48 + 31


def test_a_clock_that_runs_years_ahead_forgets_no_day() -> None:
    there = snapshots([(24 * 60 * day, False) for day in range(30)])
    ahead = NOW + timedelta(days=3_000)
    assert not to_forget([*there, Snapshot("new", "new", ahead, proven=True)], 30, ahead)

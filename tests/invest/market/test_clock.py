"""Market time in a replay: real sessions at a chosen speed, resumed after any end, and never backwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from investiq.invest.market.clock import ReplayClock, WallClock, replay_now, replay_time
from investiq.invest.market.replay_state import ReplayState, ReplayStateError, StartMismatch
from tests.invest.market.fakes import sessions, utc

# Wednesday to Tuesday: a weekend is in it.
WEEK = sessions("2008-01-02", "2008-01-08")
S = 30.0


class FakeWallClock:
    """Wall-clock seconds that pass only when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def wall() -> FakeWallClock:
    return FakeWallClock()


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "replay.json"


def _clock(state_file: Path, wall: FakeWallClock, start: str = "2008-01-02", seconds: float = S) -> ReplayClock:
    return ReplayClock(sessions(start, "2008-01-08"), seconds, state_file, wall)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "2008-01-02 14:30"),  # a session opens with its share of wall time
        (12, "2008-01-02 17:45"),  # half of the open 80 %: half of the session
        (24, "2008-01-02 21:00"),  # 80 %: the close
        (27, "2008-01-03 05:45"),  # half of the rest: half of the night
        (30, "2008-01-03 14:30"),  # the next session opens
        (2 * S + 27, "2008-01-06 05:45"),  # a weekend is one night
        (4 * S + 24, "2008-01-08 21:00"),  # the last close
        (4 * S + 29, "2008-01-08 21:00"),
        (1000 * S, "2008-01-08 21:00"),  # for ever
    ],
)
def test_wall_seconds_map_to_market_time(state_file: Path, wall: FakeWallClock, seconds: float, expected: str) -> None:
    clock = _clock(state_file, wall)
    wall.seconds += seconds
    assert abs(clock.now() - utc(expected)) < timedelta(milliseconds=1)


def test_a_half_day_takes_as_much_wall_time_as_a_whole_one(state_file: Path, wall: FakeWallClock) -> None:
    clock = ReplayClock(sessions("2012-11-23", "2012-11-26"), S, state_file, wall)
    wall.seconds += 24
    assert abs(clock.now() - utc("2012-11-23 18:00")) < timedelta(milliseconds=1)


def test_it_says_where_it_ends_and_how_fast_it_goes(state_file: Path, wall: FakeWallClock) -> None:
    clock = _clock(state_file, wall)
    assert (clock.name, clock.ends_at, clock.session_seconds) == ("replay", utc("2008-01-08 21:00"), S)


@settings(deadline=None)
@given(st.lists(st.floats(min_value=0, max_value=len(WEEK) + 1), min_size=2))
def test_market_time_grows_with_position_and_stays_inside_the_data(positions: list[float]) -> None:
    times = [replay_time(WEEK, position) for position in sorted(positions)]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert WEEK[0].open <= times[0]
    assert times[-1] <= WEEK[-1].close


def test_after_a_kill_it_goes_on_at_most_a_second_later_and_never_earlier(
    state_file: Path, wall: FakeWallClock
) -> None:
    clock = _clock(state_file, wall)
    wall.seconds += 12
    before = clock.now()  # and then SIGKILL: nothing is closed
    after = _clock(state_file, wall).now()
    one_wall_second = WEEK[0].seconds / (0.8 * S)
    assert timedelta(0) <= after - before <= timedelta(seconds=one_wall_second)


def test_after_a_clean_stop_it_goes_on_exactly_where_it_was(state_file: Path, wall: FakeWallClock) -> None:
    clock = _clock(state_file, wall)
    wall.seconds += 12
    clock.close()
    wall.seconds += 3600  # stopped for an hour: it does not count
    assert _clock(state_file, wall).now() == clock.now()


def test_a_closed_clock_stands(state_file: Path, wall: FakeWallClock) -> None:
    clock = _clock(state_file, wall)
    clock.close()
    at = clock.now()
    wall.seconds += 100
    clock.close()
    assert clock.now() == at
    assert _clock(state_file, wall).now() == at


def test_the_speed_can_change_between_runs(state_file: Path, wall: FakeWallClock) -> None:
    clock = _clock(state_file, wall, seconds=30)
    wall.seconds += 12
    clock.close()
    faster = _clock(state_file, wall, seconds=3)
    assert faster.now() == clock.now()
    wall.seconds += 1.2
    assert abs(faster.now() - utc("2008-01-02 21:00")) < timedelta(milliseconds=1)


def test_it_stays_ended_after_a_restart(state_file: Path, wall: FakeWallClock) -> None:
    clock = _clock(state_file, wall)
    wall.seconds += 1000 * S
    assert clock.now() == utc("2008-01-08 21:00")
    assert _clock(state_file, wall).now() == utc("2008-01-08 21:00")


def test_when_later_prices_were_added_an_ended_replay_goes_on_with_them(state_file: Path, wall: FakeWallClock) -> None:
    clock = _clock(state_file, wall)
    wall.seconds += 1000 * S
    clock.now()
    longer = ReplayClock(sessions("2008-01-02", "2008-01-09"), S, state_file, wall)
    assert longer.now() == utc("2008-01-09 14:30")


def test_another_start_is_refused_and_says_how_to_go_on(state_file: Path, wall: FakeWallClock) -> None:
    _clock(state_file, wall)
    kept = state_file.read_text()
    with pytest.raises(StartMismatch, match=r"2008-01-02.*2008-01-03.*`investiq up --fresh`"):
        _clock(state_file, wall, start="2008-01-03")
    assert state_file.read_text() == kept


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"version": 2, "start": "2008-01-02", "position": 1}']
    + [
        json.dumps({"version": 1, "start": "2008-01-02", "position": position})
        for position in ("x", -1, float("nan"), None)
    ]
    + ['{"version": 1, "start": "yesterday", "position": 1}'],
)
def test_a_damaged_state_file_is_an_error_that_names_it_and_not_a_new_start(
    state_file: Path, wall: FakeWallClock, text: str
) -> None:
    state_file.parent.mkdir()
    state_file.write_text(text)
    with pytest.raises(ReplayStateError, match=r"replay\.json does not hold a replay's position"):
        _clock(state_file, wall)


def test_no_time_is_given_beyond_what_could_be_kept(state_file: Path, wall: FakeWallClock) -> None:
    """Otherwise a restart would go back behind prices that were traded on."""
    clock = _clock(state_file, wall)
    with _unwritable(state_file):
        wall.seconds += 0.9
        clock.now()  # still inside the lease: a failed renewal is no harm yet
        wall.seconds += 0.2
        with pytest.raises(ReplayStateError, match="cannot keep the replay's position"):
            clock.now()
    assert clock.now() > utc("2008-01-02 14:30")


def test_a_state_folder_that_cannot_be_made_stops_the_start(tmp_path: Path, wall: FakeWallClock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ReplayStateError, match="cannot"):
        _clock(tmp_path / "file" / "replay.json", wall)


@contextmanager
def _unwritable(state_file: Path) -> Iterator[None]:
    """A folder in the place of the file, which no file can replace; for root too, whom permissions do not stop."""
    aside = state_file.rename(state_file.with_suffix(".aside"))
    state_file.mkdir()
    yield
    state_file.rmdir()
    aside.rename(state_file)


@settings(deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["read", "kill", "stop", "back"]), st.floats(min_value=0, max_value=20)), max_size=30
    ),
    speeds=st.lists(st.sampled_from([0.1, 1.0, 30.0, 3600.0]), min_size=1, max_size=4),
)
def test_market_time_never_runs_backwards_whatever_happens(steps: list[tuple[str, float]], speeds: list[float]) -> None:
    """Reads, kills and clean stops in any order, other speeds after a restart, even a wall clock that steps back."""
    wall, seen = FakeWallClock(), WEEK[0].open
    with TemporaryDirectory() as folder:
        state_file = Path(folder) / "replay.json"
        clock = _clock(state_file, wall, seconds=speeds[0])
        for number, (step, seconds) in enumerate(steps):
            wall.seconds += -seconds if step == "back" else seconds
            now = clock.now()
            assert seen <= now <= WEEK[-1].close
            seen = now
            if step == "stop":
                clock.close()
            if step in ("stop", "kill"):
                clock = _clock(state_file, wall, seconds=speeds[number % len(speeds)])


def test_threads_see_one_time_that_only_grows(state_file: Path) -> None:
    ticking = iter(range(10**9))
    clock = ReplayClock(WEEK, 10_000.0, state_file, lambda: float(next(ticking)))
    readings: list[list[datetime]] = []

    def read() -> None:
        readings.append([clock.now() for _ in range(200)])

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(readings) == 4
    assert all(earlier <= later for each in readings for earlier, later in pairwise(each))


def test_the_position_is_kept_about_once_a_second_and_not_at_every_reading(
    state_file: Path, wall: FakeWallClock
) -> None:
    clock = _clock(state_file, wall)
    kept = set()
    for _ in range(1000):
        wall.seconds += 0.01
        clock.now()
        kept.add(state_file.read_text())
    assert 10 <= len(kept) <= 21


def test_once_ended_or_closed_it_writes_no_more(state_file: Path, wall: FakeWallClock) -> None:
    clock = _clock(state_file, wall)
    wall.seconds += 1000 * S
    clock.now()
    ended = state_file.stat().st_ino  # every writing makes a new file
    wall.seconds += 1000
    assert clock.now() == WEEK[-1].close
    assert state_file.stat().st_ino == ended
    clock.close()
    closed = state_file.stat().st_ino
    assert clock.now() == WEEK[-1].close
    assert state_file.stat().st_ino == closed


def test_while_one_thread_writes_the_others_read_on(
    state_file: Path, wall: FakeWallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow disk must not stop everyone who asks for the time."""
    clock = _clock(state_file, wall)
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def slow_disk(_path: Path, _state: ReplayState) -> None:
        begun.set()
        go_on.wait(timeout=10)
        done.set()

    monkeypatch.setattr("investiq.invest.market.clock.write_state", slow_disk)
    wall.seconds += 0.8
    writer = threading.Thread(target=clock.now)
    writer.start()
    assert begun.wait(timeout=10)
    assert clock.now() > utc("2008-01-02 14:30")
    assert not done.is_set()
    go_on.set()
    writer.join()


def test_the_wall_clock_is_the_time_of_day_without_an_end() -> None:
    clock = WallClock()
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    assert (clock.name, clock.ends_at, clock.session_seconds) == ("wall", None, None)


# ---- looked at by another process ----


@pytest.mark.parametrize("position", [0.0, 0.5, 0.99, 2.4, 5.0])
def test_from_outside_a_replay_is_never_ahead_of_itself_and_at_most_two_seconds_behind(
    tmp_path: Path, wall: FakeWallClock, position: float
) -> None:
    state = tmp_path / "replay.json"
    clock = ReplayClock(WEEK, S, state, wall)
    wall.seconds += position * S
    now = clock.now()
    seen = replay_now(WEEK, S, state)
    assert seen <= now
    assert seen >= replay_time(WEEK, max(0.0, position - 2 / S))
    clock.close()
    assert replay_now(WEEK, S, state) <= now


def test_a_replay_that_has_not_begun_stands_at_its_first_opening(tmp_path: Path) -> None:
    assert replay_now(WEEK, S, tmp_path / "replay.json") == WEEK[0].open

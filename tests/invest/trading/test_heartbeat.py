"""The heartbeat as a value, then as the desk uses it: nothing is entered blind, and only a person ends a loss."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from investiq.foundation.store import DatabaseUnavailable
from investiq.foundation.telemetry.catalogue import (
    BREAKER_TRIPS,
    HEARTBEAT_AWAITED,
    HEARTBEAT_EVALUATED,
    MONITORING_REQUIRED,
    ORDER_DENIALS,
    TRADING_HALTED,
)
from investiq.foundation.vocabulary import BeatOutcome, HeartbeatState
from investiq.invest.trading.breaker import ReasonRequired
from investiq.invest.trading.heartbeat import HeartbeatRecord, Instant
from investiq.invest.trading.heartbeat_monitor import MonitoringLost
from tests.invest.trading.conftest import Bench
from tests.invest.trading.fakes import AAPL

NOON = 1_767_603_600.0
LIMIT = 30.0


def at(seconds: float, set_by: float = 0.0) -> Instant:
    """So long after the start, with the time of day set by so much meanwhile."""
    return Instant(NOON + seconds + set_by, seconds)


START = HeartbeatRecord.start(required=True, limit_seconds=LIMIT, now=at(0))


def beat(heartbeat: HeartbeatRecord, seconds: float, *, age: float = 0.1, set_by: float = 0.0) -> HeartbeatRecord:
    """After a heartbeat that is delivered at that moment."""
    now = at(seconds, set_by)
    return heartbeat.after(now.wall - age, now)[0]


# ---- the value ----


@given(age=st.floats(min_value=0, max_value=10_000), later=st.floats(min_value=0, max_value=10_000))
def test_it_is_fresh_until_its_evaluation_is_as_old_as_the_limit(age: float, later: float) -> None:
    now = at(100 + later)
    heartbeat = beat(START, 100, age=age).at(now)
    known = heartbeat.age(now)
    assert known is not None
    assert known == pytest.approx(age + later, abs=1e-3)
    assert (heartbeat.state is HeartbeatState.FRESH) == (known <= LIMIT)


def test_no_repetition_keeps_it_alive() -> None:
    """Alertmanager goes on sending the last that it heard of for minutes after Prometheus died."""
    heartbeat = beat(START, 10)
    for second in range(20, 60, 10):
        heartbeat, outcome = heartbeat.after(NOON + 9.9, at(second))
        assert outcome is BeatOutcome.REPEATED
    assert heartbeat.state is HeartbeatState.LOST


@given(
    steps=st.lists(
        st.tuples(st.floats(min_value=0, max_value=60), st.floats(min_value=-100, max_value=100), st.booleans()),
        max_size=30,
    )
)
def test_once_lost_only_a_fresh_heartbeat_ends_it_and_every_loss_is_counted(
    steps: list[tuple[float, float, bool]],
) -> None:
    heartbeat, seconds, losses = START, 0.0, 0
    for wait, age, delivered in steps:
        before, seconds = heartbeat, seconds + wait
        now = at(seconds)
        gap = before.state is HeartbeatState.FRESH and before.at(now).state is HeartbeatState.LOST
        heartbeat = heartbeat.after(now.wall - age, now)[0] if delivered else heartbeat.at(now)
        losses += gap
        assert heartbeat.losses == losses
        if heartbeat.state is HeartbeatState.FRESH:
            assert (heartbeat.age(now) or 0.0) <= LIMIT
        assert heartbeat.is_blind == (heartbeat.beat is None or heartbeat.beat.age(now) > LIMIT)
        assert heartbeat.state is not HeartbeatState.AWAITED or before.state is HeartbeatState.AWAITED


def test_the_start_waits_for_a_fresh_one_and_is_no_loss() -> None:
    assert START.at(at(1000)).state is HeartbeatState.AWAITED
    stale = beat(START, 5, age=31)
    assert stale.state is HeartbeatState.AWAITED, "an old one that is still on its way is no sign of life"
    assert beat(stale, 6).state is HeartbeatState.FRESH
    assert beat(stale, 6).losses == 0


def test_a_gap_that_nobody_saw_is_a_loss_all_the_same() -> None:
    """The process was stopped for a minute, and the first thing that it sees is a fresh heartbeat."""
    heartbeat = beat(beat(START, 10), 70)
    assert (heartbeat.state, heartbeat.losses) == (HeartbeatState.FRESH, 1)


@pytest.mark.parametrize("ahead", [5.5, 60.0, float("inf")])
def test_one_from_the_future_is_none(ahead: float) -> None:
    heartbeat, outcome = START.after(NOON + 10 + ahead, at(10))
    assert outcome in (BeatOutcome.FUTURE, BeatOutcome.MALFORMED)
    assert (heartbeat.state, heartbeat.beat) == (HeartbeatState.AWAITED, None)


@pytest.mark.parametrize("nonsense", [float("nan"), 0.0, -5.0, float("-inf")])
def test_nonsense_is_none(nonsense: float) -> None:
    assert START.after(nonsense, at(10)) == (START, BeatOutcome.MALFORMED)


def test_one_a_little_ahead_counts_as_of_now() -> None:
    heartbeat = beat(START, 10, age=-4)
    assert heartbeat.age(at(10)) == 0.0
    assert heartbeat.at(at(40)).state is HeartbeatState.FRESH
    assert heartbeat.at(at(40.5)).state is HeartbeatState.LOST


@given(back=st.floats(min_value=1, max_value=10_000))
def test_setting_the_clock_back_makes_no_heartbeat_young_again(back: float) -> None:
    heartbeat = beat(START, 10)
    assert heartbeat.at(at(39, set_by=-back)).state is HeartbeatState.FRESH
    assert heartbeat.at(at(41, set_by=-back)).state is HeartbeatState.LOST
    repeated, outcome = heartbeat.after(NOON + 9.9, at(20, set_by=-min(back, 10)))
    assert outcome is BeatOutcome.REPEATED
    assert repeated.at(at(41)).state is HeartbeatState.LOST


@given(back=st.floats(min_value=1, max_value=10_000))
def test_after_the_clock_was_set_back_the_next_heartbeat_counts(back: float) -> None:
    assume(back != 10)  # stamped as the one before to the millisecond: the one after it counts
    heartbeat = beat(beat(START, 10), 20, set_by=-back)
    assert heartbeat.losses == 0
    assert heartbeat.at(at(45, set_by=-back)).state is HeartbeatState.FRESH


def test_a_machine_that_slept_was_not_watched() -> None:
    """The monotonic_clock clock stands still meanwhile; the time of day goes on."""
    assert beat(START, 10).at(at(12, set_by=3600)).state is HeartbeatState.LOST


def test_where_it_is_not_required_nothing_is_ever_blind() -> None:
    heartbeat = HeartbeatRecord.start(required=False, limit_seconds=LIMIT, now=at(0))
    assert beat(heartbeat, 10).at(at(1000)).state is HeartbeatState.NOT_REQUIRED
    assert not heartbeat.at(at(1000)).is_blind


# ---- as the desk uses it ----


@pytest.fixture
def watched(engine: Engine) -> Bench:
    """A desk that was just started and needs the heartbeat."""
    return Bench(engine, settings={"require_monitoring": True})


def heard(bench: Bench, age: float = 0.1) -> BeatOutcome:
    """A heartbeat comes, and the desk looks."""
    outcome = bench.desk.beat(bench.wall.time.timestamp() - age)
    bench.desk.tick()
    return outcome


def silence(bench: Bench, seconds: float) -> None:
    """Time passes without a heartbeat, and the desk looks."""
    bench.wall.pass_by(seconds=seconds)
    bench.desk.tick()


def test_a_start_is_halted_until_the_first_heartbeat_and_needs_no_hand(watched: Bench) -> None:
    status = watched.desk.status()
    assert (status.halted, status.reason, status.by) == (True, "monitoring_lost", "breaker")
    assert status.monitoring.heartbeat == "awaited"
    assert "require_monitoring = false" in (status.note or "")
    denied = watched.buy("1").order
    assert (denied.status, denied.reason) == ("denied", "monitoring_lost")
    assert "no heartbeat of the monitoring has come" in (denied.message or "")
    assert watched.sample(TRADING_HALTED) == watched.sample(HEARTBEAT_AWAITED) == 1
    assert watched.sample(HEARTBEAT_EVALUATED) == 0

    assert heard(watched) is BeatOutcome.ACCEPTED
    assert not watched.desk.status().halted
    assert watched.buy("1").order.status == "accepted"
    assert watched.sample(TRADING_HALTED) == watched.sample(HEARTBEAT_AWAITED) == 0
    assert watched.sample(HEARTBEAT_EVALUATED) == pytest.approx(watched.wall.time.timestamp() - 0.1)
    assert watched.sample(BREAKER_TRIPS, reason="monitoring_lost") == 0
    assert watched.desk.breaker_log() == []


def test_a_loss_halts_at_the_limit_and_stays_until_somebody_resumes(watched: Bench) -> None:
    heard(watched)
    silence(watched, 29)
    assert not watched.desk.status().halted
    silence(watched, 2)
    status = watched.desk.status()
    assert (status.halted, status.reason, status.monitoring.heartbeat) == (True, "monitoring_lost", "lost")
    assert watched.sample(BREAKER_TRIPS, reason="monitoring_lost") == watched.sample(TRADING_HALTED) == 1
    assert watched.sample(HEARTBEAT_AWAITED) == 0, "this one does not end by itself"

    heard(watched)
    still = watched.desk.status()
    assert (still.halted, still.note, still.monitoring.heartbeat) == (True, status.note, "fresh")
    assert watched.buy("1").order.reason == "monitoring_lost"
    assert not watched.desk.resume("Prometheus runs again", "tester").halted
    assert watched.buy("1").order.status == "accepted"
    assert [(e.event, e.reason) for e in watched.desk.breaker_log()] == [("resume", None), ("halt", "monitoring_lost")]


def test_an_entry_is_denied_from_that_moment_on_without_any_tick(watched: Bench) -> None:
    heard(watched)
    watched.wall.pass_by(seconds=31)
    denied = watched.buy("1").order
    assert (denied.status, denied.reason) == ("denied", "monitoring_lost")
    assert "30 s" in (denied.message or "")
    assert watched.sample(ORDER_DENIALS, reason="monitoring_lost") == 1
    assert watched.desk.breaker_log()[0].reason == "monitoring_lost", "the order's own look has tripped the breaker"


def test_exits_pass_and_open_entries_are_cancelled_when_it_is_lost(watched: Bench) -> None:
    heard(watched)
    watched.hold("10")
    waiting = watched.buy("1", limit="1").order
    silence(watched, 31)
    assert watched.desk.order(waiting.id).status == "cancelled"
    exit_ = watched.sell("10").order
    watched.price(AAPL, "100")
    assert watched.desk.order(exit_.id).status == "filled"


def test_a_resume_is_refused_while_it_lasts(watched: Bench) -> None:
    heard(watched)
    silence(watched, 31)
    with pytest.raises(MonitoringLost, match="Prometheus and Alertmanager"):
        watched.desk.resume("I want to trade", "tester")
    assert watched.desk.status().halted
    heard(watched)
    with pytest.raises(ReasonRequired):
        watched.desk.resume(" ", "tester")
    assert not watched.desk.resume("it is back", "tester").halted


def test_a_loss_in_the_middle_of_a_resume_refuses_it(watched: Bench) -> None:
    """The database's one writer may keep a resume waiting for seconds."""
    heard(watched)
    watched.desk.halt("earnings tonight", "key:admin")
    event.listen(watched.engine, "begin", lambda _connection: watched.wall.pass_by(seconds=31), once=True)
    with pytest.raises(MonitoringLost):
        watched.desk.resume("earnings are out", "tester")
    assert watched.desk.status().halted


def test_a_resume_at_a_start_is_refused_too(watched: Bench) -> None:
    with pytest.raises(MonitoringLost):
        watched.desk.resume("I want to trade", "tester")


def test_a_halt_by_hand_stays_what_it_is_when_the_heartbeat_goes_and_comes(watched: Bench) -> None:
    heard(watched)
    watched.desk.halt("earnings tonight", "key:admin")
    silence(watched, 31)
    assert (watched.desk.status().reason, watched.desk.status().note) == ("manual", "earnings tonight")
    assert watched.buy("1").order.reason == "halted"
    with pytest.raises(MonitoringLost):
        watched.desk.resume("earnings are out", "tester")
    heard(watched)
    assert watched.desk.status().reason == "manual"
    assert not watched.desk.resume("earnings are out", "tester").halted
    heard(watched)
    assert not watched.desk.status().halted, "the loss meanwhile needs no second resume"


def test_a_loss_survives_a_restart_and_the_wait_for_the_first_heartbeat(watched: Bench) -> None:
    heard(watched)
    silence(watched, 31)
    before = watched.desk.status()
    watched.restart()
    after = watched.desk.status()
    assert (after.reason, after.note, after.since) == (before.reason, before.note, before.since)
    assert watched.sample(HEARTBEAT_AWAITED) == 0
    heard(watched)
    assert watched.desk.status().halted
    assert not watched.desk.resume("it is back", "tester").halted


def test_a_restart_in_good_times_needs_no_hand(watched: Bench) -> None:
    heard(watched)
    watched.restart()
    assert watched.desk.status().halted
    heard(watched)
    assert not watched.desk.status().halted


def test_a_start_cancels_open_entries_only_when_it_waits_in_vain(watched: Bench) -> None:
    heard(watched)
    waiting = watched.buy("1", limit="1").order
    watched.restart()
    silence(watched, 29)
    assert watched.desk.order(waiting.id).status == "accepted", "a restart is no reason to lose an order"
    silence(watched, 2)
    assert watched.desk.order(waiting.id).status == "cancelled", "nobody watches it"
    assert watched.desk.status().monitoring.heartbeat == "awaited"
    heard(watched)
    assert not watched.desk.status().halted


@pytest.fixture
def outage(engine: Engine) -> Callable[[bool], None]:
    """Lets the database fail, and work again."""
    state = {"down": False}

    def fail(*_: object) -> None:
        if state["down"]:
            raise OperationalError("select", {}, Exception("the database is gone"))

    event.listen(engine, "before_cursor_execute", fail)

    def turn(down: bool) -> None:
        state["down"] = down

    return turn


def test_a_loss_while_the_database_is_down_is_kept_once_it_is_back(
    watched: Bench, outage: Callable[[bool], None]
) -> None:
    heard(watched)
    outage(True)
    watched.wall.pass_by(seconds=31)
    with pytest.raises(DatabaseUnavailable):
        watched.desk.tick()
    status = watched.desk.status()
    assert (status.halted, status.reason) == (True, "monitoring_lost")
    with pytest.raises(MonitoringLost):
        watched.desk.resume("it is back", "tester")
    assert watched.desk.beat(watched.wall.time.timestamp()) is BeatOutcome.ACCEPTED
    watched.wall.pass_by(seconds=1)
    outage(False)
    assert watched.buy("1").order.reason == "monitoring_lost", "the heartbeat came back before the database did"
    watched.desk.tick()
    assert [e.reason for e in watched.desk.breaker_log()] == ["monitoring_lost"]
    watched.restart()
    assert watched.desk.status().reason == "monitoring_lost"


def test_a_loss_that_nobody_looked_at_is_kept_too(watched: Bench) -> None:
    heard(watched)
    watched.wall.pass_by(seconds=60)
    assert heard(watched) is BeatOutcome.ACCEPTED
    assert watched.desk.status().reason == "monitoring_lost"
    assert "60 s old" in (watched.desk.status().note or "")


def test_two_desks_of_one_ledger_each_need_to_hear_it(watched: Bench) -> None:
    other = Bench(watched.engine, market=watched.market, wall=watched.wall, settings=watched.settings)
    heard(watched)
    assert watched.buy("1").order.status == "accepted"
    assert other.buy("1").order.reason == "monitoring_lost"
    silence(watched, 31)
    heard(other)
    assert other.desk.status().reason == "monitoring_lost", "the trip of one is in the ledger of both"


def test_a_clock_that_jumps_ahead_halts_and_says_how_old_the_heartbeat_seems(watched: Bench) -> None:
    heard(watched)
    watched.wall.time += timedelta(hours=1)
    watched.desk.tick()
    assert "3600 s old" in (watched.desk.status().note or "")


def test_where_monitoring_is_not_required_the_status_says_so(bench: Bench) -> None:
    status = bench.desk.status()
    assert not status.halted
    assert (status.monitoring.required, status.monitoring.heartbeat) == (False, "not_required")
    assert "require_monitoring = false" in status.monitoring.note
    assert bench.sample(MONITORING_REQUIRED) == 0
    silence(bench, 3600)
    assert bench.buy("1").order.status == "accepted"


def test_a_kept_loss_is_resumed_by_hand_after_monitoring_was_switched_off(watched: Bench) -> None:
    heard(watched)
    silence(watched, 31)
    watched.settings["require_monitoring"] = False
    watched.restart()
    assert watched.desk.status().halted
    assert not watched.desk.resume("unwatched on purpose", "tester").halted

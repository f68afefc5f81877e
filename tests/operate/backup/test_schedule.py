"""When the next backup is due, and what becomes of one that hangs or is stopped."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from investiq.cli.exit_codes import ExitCode
from investiq.foundation.config import Config
from investiq.foundation.config.schema import ApiConfig, BackupConfig, MarketConfig
from investiq.operate.backup import schedule
from investiq.operate.backup.schedule import DueTime, make_one, wait_for_close
from investiq.operate.backup.state import BackupState
from tests.operate.backup.installation import Installation
from tests.ports import free_ports

DAY = 86_400.0
NOON = 1_800_000_000.0
NEVER_ENDS = ("sh", "-c", "trap 'touch ended; exit 3' TERM; touch begun; while :; do sleep 0.05; done")


def left(due: DueTime, state: BackupState, now: float, steady: float) -> float:
    return due.seconds_left(state, now, steady)


@pytest.mark.parametrize(
    ("tried", "failed", "expected"),
    [
        (0.0, "", 0.0),  # never
        (NOON - DAY, "", 0.0),
        (NOON - 5_000, "", DAY - 5_000),
        (NOON - 100, "a full disk", 800.0),  # again after a quarter of an hour
        (NOON + 1e9, "", DAY),  # the clock was set back
    ],
)
def test_the_next_one_is_due_an_interval_after_the_last(tried: float, failed: str, expected: float) -> None:
    assert left(DueTime(DAY), BackupState(tried=tried, failed=failed), NOON, 0.0) == expected


def test_a_clock_that_was_set_back_delays_no_backup_by_more_than_an_interval() -> None:
    due, state = DueTime(DAY), BackupState(tried=NOON)
    assert left(due, state, NOON - 1e8, 0.0) == DAY
    assert left(due, state, NOON - 1e8 + DAY / 2, DAY / 2) == DAY / 2
    assert left(due, state, NOON - 1e8 + DAY, DAY) == 0


def test_after_a_night_in_which_the_machine_slept_it_is_due() -> None:
    due, state = DueTime(DAY), BackupState(tried=NOON)
    assert left(due, state, NOON + 1, 0.0) == DAY - 1
    assert left(due, state, NOON + DAY, 1.0) == 0, "the steady clock stands while a machine sleeps"


def test_one_that_was_made_by_hand_counts() -> None:
    due = DueTime(DAY)
    assert left(due, BackupState(tried=NOON), NOON, 0.0) == DAY
    assert left(due, BackupState(tried=NOON + 1_000), NOON + 2_000, 2_000.0) == DAY - 1_000


@pytest.mark.parametrize("open_for", [0, 3])
def test_in_a_replay_it_waits_for_the_end_of_the_session(monkeypatch: pytest.MonkeyPatch, open_for: int) -> None:
    phases: Iterator[bool] = iter([*[True] * open_for, False])
    monkeypatch.setattr(schedule, "_is_open", lambda _: next(phases))
    wait_for_close(Config(market=MarketConfig(session_seconds=5.0)))
    assert list(phases) == []


def test_a_session_that_does_not_end_is_waited_for_as_long_as_one_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "_is_open", lambda _: True)
    wait_for_close(Config(market=MarketConfig(session_seconds=0.2)))


def test_nothing_is_waited_for_by_the_time_of_day_or_without_an_api(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    api = ApiConfig(port=free_ports(1)[0])
    wait_for_close(Config(data_dir=tmp_path, api=api, market=MarketConfig(session_seconds=86_400)))
    monkeypatch.setattr(schedule, "_is_open", lambda _: pytest.fail("it asks"))
    wait_for_close(Config(market=MarketConfig(clock="wall", provider="files", folder=tmp_path)))


def test_one_that_hangs_is_ended_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(schedule, "_SLACK_SECONDS", 0.5)
    assert make_one(Config(data_dir=tmp_path, backup=BackupConfig(max_hours=1e-6)), NEVER_ENDS) == ExitCode.FINDINGS
    assert (tmp_path / "ended").exists()


def test_one_that_does_not_even_end_when_asked_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(schedule, "_SLACK_SECONDS", 0.3)
    monkeypatch.setattr(schedule, "_END_SECONDS", 0.3)
    deaf = ("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
    assert make_one(Config(data_dir=tmp_path, backup=BackupConfig(max_hours=1e-6)), deaf) == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_scheduler_that_ends_leaves_no_backup_behind(tmp_path: Path, number: signal.Signals) -> None:
    script = f"""
from investiq.cli.backup import end_on_signals
from investiq.foundation.config import Config
from investiq.operate.backup.schedule import make_one
end_on_signals()
make_one(Config(), {NEVER_ENDS!r} + ("{tmp_path}",))
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stderr=subprocess.PIPE) as scheduler:
        deadline = time.monotonic() + 30
        while not (tmp_path / "begun").exists():
            assert scheduler.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        scheduler.send_signal(number)
        assert scheduler.stderr is not None
        scheduler.stderr.read()  # to its end: nobody is left who could write there
    assert (tmp_path / "ended").exists() == (number == signal.SIGTERM)


@pytest.mark.e2e
def test_a_repository_that_takes_connections_and_says_nothing_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        repository = f"rest:http://127.0.0.1:{silent.getsockname()[1]}/"
        settings = {"INVESTIQ_BACKUP_REPOSITORY": repository, "INVESTIQ_BACKUP_MAX_HOURS": "0.0005"}
        installation = Installation(tmp_path, settings)
        installation.data.mkdir()
        done = installation.investiq("backup")
    assert (done.code, "backup.max_hours" in done.err) == (ExitCode.FAILED, True), done.err
    told = (installation.data / "textfile" / "backup.prom").read_text()
    assert "investiq_backup_failed 1.0" in told

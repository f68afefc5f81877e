"""Who is told when the monitoring is lost, and when it is back: each change once, also over restarts."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from investiq.clients.notify import Notice
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.config.schema import InboxConfig, TradingConfig
from investiq.invest.trading.heartbeat import HeartbeatRecord, Instant
from investiq.invest.trading.heartbeat_monitor import HeartbeatMonitor
from investiq.monitoring.rules.trading import MONITORING_HEARTBEAT_LOST
from investiq.serve.api.heartbeat_notifier import HeartbeatNotifier
from tests.clients.notify.services import served
from tests.invest.trading.test_heartbeat import LIMIT, at, beat
from tests.serve.api.installation import Installation, install, running

PATIENCE = 30.0


class Watch:
    """A notifier, with the heartbeat that a test sets."""

    def __init__(self, required: bool = True) -> None:
        self.heartbeat = HeartbeatRecord.start(required=required, limit_seconds=LIMIT, now=at(0))
        self.seconds = 0.0
        self.handed: list[Notice] = []
        self.restart()

    def restart(self) -> None:
        self.notifier = HeartbeatNotifier(Config(), self._now, self.handed.append)

    def look(self, seconds: float, beats: bool = False) -> list[str]:
        """The statuses that are told when it looks then, perhaps just after a heartbeat."""
        self.seconds = seconds
        if beats:
            self.heartbeat = beat(self.heartbeat, seconds)
        before = len(self.handed)
        self.notifier.check()
        return [notice.status for notice in self.handed[before:]]

    def _now(self) -> tuple[HeartbeatRecord, Instant]:
        self.heartbeat = self.heartbeat.at(at(self.seconds))
        return self.heartbeat, at(self.seconds)


def test_a_loss_and_its_end_are_each_told_once() -> None:
    watch = Watch()
    assert [watch.look(10, beats=True), watch.look(39)] == [[], []]
    assert [watch.look(41), watch.look(42), watch.look(500)] == [["firing"], [], []]
    assert [watch.look(510, beats=True), watch.look(520, beats=True)] == [["resolved"], []]
    assert [watch.look(560), watch.look(570, beats=True)] == [["firing"], ["resolved"]]
    began, ended = watch.handed[:2]
    assert (began.key, began.since) == (ended.key, ended.since)
    assert began.until is None
    assert ended.until is not None
    assert "31 s old" in began.description
    assert "entries are denied, exits are allowed" in began.description
    assert "until somebody resumes" in ended.description


def test_it_bears_the_name_and_the_runbook_of_the_alert_of_the_same_fault() -> None:
    watch = Watch()
    watch.look(10, beats=True)
    watch.look(50)
    (told,) = watch.handed
    alert = MONITORING_HEARTBEAT_LOST
    assert (told.alertname, told.severity, told.subject) == (alert.name, alert.severity, alert.subject)
    assert told.runbook == f"{topology.console_url(Config())}/runbooks/{alert.subject}/{alert.name}"


def test_a_start_tells_nobody_unless_it_waits_in_vain() -> None:
    watch = Watch()
    assert [watch.look(1), watch.look(59)] == [[], []]
    assert [watch.look(61), watch.look(300)] == [["firing"], []]
    assert watch.look(310, beats=True) == ["resolved"]


def test_a_start_in_good_times_tells_nobody() -> None:
    watch = Watch()
    assert [watch.look(12, beats=True), watch.look(22, beats=True)] == [[], []]


def test_a_loss_that_is_over_at_the_next_look_is_told_all_the_same() -> None:
    watch = Watch()
    watch.look(10, beats=True)
    assert watch.look(70, beats=True) == ["firing", "resolved"]
    news = watch.handed[0].description
    assert "older than the 30 s allowed" in news
    assert "0 s old" not in news, "how old the newest one is would contradict the news"
    assert "stays halted until somebody resumes" in news


def test_after_a_restart_the_end_of_the_loss_is_told_and_a_wait_in_vain_again() -> None:
    watch = Watch()
    watch.look(10, beats=True)
    watch.look(50)
    began = watch.handed[0]
    watch.heartbeat = HeartbeatRecord.start(required=True, limit_seconds=LIMIT, now=at(60))
    watch.restart()
    watch.notifier.inherit(began.since)
    assert [watch.look(61), watch.look(121), watch.look(130)] == [[], ["firing"], []]
    assert watch.look(140, beats=True) == ["resolved"]
    assert (watch.handed[-1].key, watch.handed[-1].since) == (began.key, began.since)


def test_where_it_is_not_required_nobody_is_told() -> None:
    watch = Watch(required=False)
    assert [watch.look(seconds, beats=seconds == 10) for seconds in (10, 100, 1000)] == [[], [], []]


# ---- in the server ----


async def _until(installation: Installation, condition: str, inbox: list[dict[str, object]]) -> None:
    deadline = time.monotonic() + PATIENCE
    while [document["status"] for document in inbox][-1:] != [condition]:
        assert time.monotonic() < deadline, inbox
        await asyncio.sleep(0.02)


async def test_the_server_tells_the_inbox_without_its_trading_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it hangs on a tick, on the database, or on the inbox, which fails first."""
    monkeypatch.setattr("investiq.serve.api.background_tasks.HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr("investiq.serve.api.background_tasks.TICK_SECONDS", 3600.0)
    monkeypatch.setattr("investiq.clients.notify.dispatcher.BACK_OFF_SECONDS", (0.01, 0.01))
    with served(lambda _path, _document: 200, (503, {})) as inbox:
        made = _installed(tmp_path, int(inbox.url.rpartition(":")[2]))
        async with running(made):
            moment = time.time()
            assert made.parts.desk.beat(moment) == "accepted"
            later(monkeypatch, 31)
            await _until(made, "firing", inbox.taken)
            made.parts.desk.beat(moment + 31)
            await _until(made, "resolved", inbox.taken)
    assert made.sample("investiq_direct_notifications_total", notifier="inbox", outcome="server_error") == 1
    assert made.sample("investiq_direct_notifications_total", notifier="inbox", outcome="delivered") == 2


async def test_a_server_that_finds_an_old_loss_tells_of_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("investiq.serve.api.background_tasks.HEARTBEAT_SECONDS", 0.02)
    with served(lambda _path, _document: 200) as inbox:
        port = int(inbox.url.rpartition(":")[2])
        first = _installed(tmp_path, port)
        first.parts.desk.beat(time.time())
        later(monkeypatch, 31)
        first.parts.desk.tick()
        await first.parts.aclose()
        second = _installed(tmp_path, port)
        async with running(second):
            second.parts.desk.beat(time.time() + 31)
            await _until(second, "resolved", inbox.taken)
    assert [document["status"] for document in inbox.taken] == ["resolved"]


def _installed(folder: Path, inbox_port: int) -> Installation:
    return install(folder / "data", trading=TradingConfig(), inbox=InboxConfig(port=inbox_port))


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the steady clock of every desk be so far ahead: a machine without heartbeats for so long."""
    now = HeartbeatMonitor._now

    def ahead(self: HeartbeatMonitor) -> Instant:
        moment = now(self)
        return Instant(moment.wall + seconds, moment.monotonic + seconds)

    monkeypatch.setattr(HeartbeatMonitor, "_now", ahead)

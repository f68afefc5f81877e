"""Silences that mute too much: counted for the alert, and told directly where they mute that alert too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from investiq.clients.alertmanager.silence import DEPLOY_COMMENT, DEPLOY_MATCHERS, Silence
from investiq.clients.notify import Notice
from investiq.clients.session import Unreachable
from investiq.foundation.config import Config
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part, SilenceFault
from investiq.monitoring.rules.monitoring import SILENCE_TOO_BROAD, SILENCE_TOO_LONG
from investiq.promql.matcher import Matcher, eq, matching, ne
from investiq.serve.api.silence_watch import SilenceWatch

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

EVERYTHING_BUT_THE_HEARTBEAT = (ne("alertname", "Watchdog"),)
"""Mutes every page while everything looks alive."""


def silence(*matchers: Matcher, hours: float = 1, since: datetime = NOON, reason: str = "noise") -> Silence:
    return Silence("1234567890", matchers, "mallory", reason, since, since + timedelta(hours=hours))


class Bench:
    def __init__(self) -> None:
        self.now = NOON + timedelta(minutes=1)
        self.silences: list[Silence] | None = []
        self.told: list[Notice] = []
        self.metrics = Metrics(Part.API)
        self.watch = SilenceWatch(Config(), self._open, self.told.append, self.metrics, lambda: self.now)

    async def _open(self) -> list[Silence]:
        if self.silences is None:
            raise Unreachable("Alertmanager does not answer", "start it")
        return self.silences

    async def look(self, *silences: Silence) -> dict[str, float]:
        """What is counted, where it is not none."""
        self.silences = list(silences)
        await self.watch.check()
        return self.counted()

    def counted(self) -> dict[str, float]:
        found = {
            fault.value: self.metrics.registry.get_sample_value(catalogue.BROAD_SILENCES.name, {"reason": fault.value})
            for fault in SilenceFault
        }
        return {reason: value for reason, value in found.items() if value}


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("made", "faults"),
    [
        (silence(eq("alertname", "HighLatency")), []),
        (silence(eq("alertname", "HighLatency"), eq("service", "investiq-api"), hours=7 * 24), []),
        (silence(matching("alertname", "HighLatency")), []),
        (silence(*DEPLOY_MATCHERS, reason=f"{DEPLOY_COMMENT}version 2"), []),
        (silence(eq("alertname", "HighLatency"), hours=8 * 24), ["long"]),
        (silence(*EVERYTHING_BUT_THE_HEARTBEAT), ["many_alerts"]),
        (silence(eq("service", "investiq-api")), ["many_alerts"]),
        (silence(matching("alertname", "HighLatency|ServiceDown")), ["many_alerts"]),
        (silence(matching("alertname", "High.*")), ["many_alerts"]),
        (silence(eq("alertname", "Watchdog")), ["watchdog"]),
        (silence(matching("alertname", ".*")), ["watchdog", "many_alerts"]),
        (silence(ne("alertname", "")), ["watchdog", "many_alerts"]),
        (silence(eq("severity", "none"), hours=24 * 365), ["watchdog", "many_alerts", "long"]),
        # The comment of a deploy window, and what it is not.
        (silence(ne("alertname", "Watchdog"), reason=f"{DEPLOY_COMMENT}version 2"), ["many_alerts"]),
        (silence(*DEPLOY_MATCHERS, reason=f"{DEPLOY_COMMENT}version 2", hours=5), ["many_alerts"]),
        (silence(*DEPLOY_MATCHERS[:1], reason=f"{DEPLOY_COMMENT}version 2"), ["many_alerts"]),
        # Not yet, and no more.
        (silence(*EVERYTHING_BUT_THE_HEARTBEAT, since=NOON + timedelta(hours=1)), []),
        (silence(*EVERYTHING_BUT_THE_HEARTBEAT, since=NOON - timedelta(hours=3)), []),
    ],
)
async def test_what_counts_as_too_broad(bench: Bench, made: Silence, faults: list[str]) -> None:
    assert await bench.look(made) == dict.fromkeys(faults, 1.0)


async def test_each_is_counted_and_gone_when_it_ends(bench: Bench) -> None:
    wide, long = silence(eq("service", "frontend")), silence(eq("alertname", "HighLatency"), hours=9 * 24)
    assert await bench.look(wide, wide, long) == {"many_alerts": 1.0, "long": 1.0}
    assert await bench.look() == {}


async def test_an_alertmanager_that_does_not_answer_ends_nothing(bench: Bench) -> None:
    await bench.look(silence(*EVERYTHING_BUT_THE_HEARTBEAT))
    bench.silences = None
    await bench.watch.check()
    assert bench.counted() == {"many_alerts": 1.0}
    assert len(bench.told) == 1


async def test_one_that_mutes_its_own_page_is_told_directly_once_and_so_is_its_end(bench: Bench) -> None:
    for _ in range(3):
        await bench.look(silence(*EVERYTHING_BUT_THE_HEARTBEAT))
    (began,) = bench.told
    assert (began.alertname, began.severity, began.status) == ("SilenceTooBroad", "critical", "firing")
    assert "mallory silenced alertname!=Watchdog until 2026-01-02 13:00 UTC" in began.description
    assert "`investiq unsilence 12345678` ends it" in began.description
    await bench.look()
    await bench.look()
    _, ended = bench.told
    assert (ended.status, ended.key, ended.since) == ("resolved", began.key, began.since)


@pytest.mark.parametrize(
    "matchers",
    [
        (eq("service", "frontend"),),
        (matching("alertname", "High.*"),),
        (eq("alertname", "Watchdog"),),
        (ne("alertname", "Watchdog"), eq("severity", "warning")),
    ],
)
async def test_one_that_leaves_its_page_alone_is_left_to_alertmanager(bench: Bench, matchers: tuple[Matcher]) -> None:
    assert await bench.look(silence(*matchers))
    assert bench.told == []


@pytest.mark.parametrize(
    "matchers",
    [
        (eq("alertname", "SilenceTooBroad"), eq("severity", "warning")),
        (eq("subject", "monitoring"),),
        (eq("severity", "critical"), eq("instance", "127.0.0.1:3000")),
        (eq("reason", "many_alerts"),),
    ],
)
async def test_the_labels_by_which_its_page_could_be_muted(bench: Bench, matchers: tuple[Matcher, ...]) -> None:
    long = timedelta(days=9) / timedelta(hours=1)
    await bench.look(silence(*matchers, hours=long))
    assert len(bench.told) == 1


def test_it_speaks_of_the_alerts_as_the_rules_do() -> None:
    for alert in (SILENCE_TOO_BROAD, SILENCE_TOO_LONG):
        assert (alert.name, alert.subject, alert.service) == ("SilenceTooBroad", "monitoring", "{{ $labels.job }}")
    assert (SILENCE_TOO_BROAD.severity, SILENCE_TOO_LONG.severity) == ("critical", "warning")

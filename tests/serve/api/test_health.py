"""What /health says, how fast, and that nothing dies in silence."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import httpx2
import pytest

from investiq.foundation.store import DatabaseUnavailable
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.invest.trading.brokers.protocol import BrokerUnavailable
from investiq.invest.trading.desk import Desk
from investiq.serve.api.background_tasks import BackgroundTasks
from investiq.serve.api.health import CheckFailed, HealthCheck, HealthMonitor
from tests.serve.api.installation import Installation, install, running


async def health(installation: Installation) -> httpx2.Response:
    async with installation.client() as client:
        return await client.get("/health")


async def test_a_fresh_start_is_healthy_but_for_the_missing_models(installation: Installation) -> None:
    response = await health(installation)
    assert response.status_code == 200
    report = response.json()
    assert report["status"] == "degraded"
    assert {name: d["status"] for name, d in report["dependencies"].items()} == {
        "database": "up",
        "broker": "up",
        "market_data": "up",
        "signal_models": "down",
        "price_files": "up",
    }
    assert {name for name, d in report["dependencies"].items() if d["critical"]} == {
        "database",
        "broker",
        "market_data",
    }
    assert "reachable" in report["dependencies"]["signal_models"]["error"]
    assert installation.sample("investiq_dependency_health", name="database") == 1
    assert installation.sample("investiq_dependency_health", name="signal_models") == 0


@pytest.mark.parametrize(
    ("ping", "error", "name"),
    [
        ("ping_database", DatabaseUnavailable("gone"), "database"),
        ("ping_broker", BrokerUnavailable("gone"), "broker"),
        ("ping_database", ZeroDivisionError(), "database"),
    ],
)
async def test_a_critical_dependency_that_is_down_makes_it_503(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, ping: str, error: Exception, name: str
) -> None:
    def broken(_self: object) -> None:
        raise error

    monkeypatch.setattr(Desk, ping, broken)
    async with running(install(data_dir)) as installation:
        response = await health(installation)
        report = response.json()
        assert response.status_code == 503
        assert report["status"] == "down"
        assert report["dependencies"][name]["status"] == "down"
        assert report["dependencies"][name]["error"]
        assert installation.sample("investiq_dependency_health", name=name) == 0


async def test_data_that_stopped_coming_makes_market_data_down(still: Installation) -> None:
    background_tasks = BackgroundTasks(still.parts)
    await background_tasks.run_all_once()
    assert background_tasks.monitor.results()["market_data"].up
    still.clock.current = still.clock.current.replace(year=2014)  # the shipped prices end in 2013
    await background_tasks.run_all_once()
    result = background_tasks.monitor.results()["market_data"]
    assert not result.up
    assert result.error is not None
    assert "no new price" in result.error
    assert background_tasks.monitor.status() == "down"


async def test_a_trading_loop_that_fails_is_a_broker_that_is_down(
    still: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    background_tasks = BackgroundTasks(still.parts)
    await background_tasks.run_all_once()
    assert background_tasks.monitor.results()["broker"].up

    def crash(_self: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Desk, "tick", crash)
    monkeypatch.setattr(Desk, "is_at_rest", False)  # or a second would pass before the next tick
    await background_tasks.run_all_once()
    assert still.sample("investiq_background_failures_total", task="trading") == 1
    result = background_tasks.monitor.results()["broker"]
    assert result.error is not None
    assert "trading loop" in result.error
    monkeypatch.undo()
    await background_tasks.run_all_once()
    assert background_tasks.monitor.results()["broker"].up


async def test_a_check_that_hangs_is_down_and_is_not_started_again() -> None:
    started, release = [], threading.Event()

    async def probe() -> None:
        started.append(1)
        await asyncio.to_thread(release.wait)

    check = HealthCheck("database", True, probe, limit_seconds=0.05)
    try:
        for _ in range(3):
            result = await check.refresh()
            assert not result.up
            assert result.error is not None
            assert result.error.startswith("no answer for")
        assert len(started) == 1
    finally:
        release.set()
    while not (await check.refresh()).up:
        pass


async def test_checks_that_no_longer_run_are_not_believed() -> None:
    now = 0.0

    async def fine() -> None:
        return None

    monitor = HealthMonitor([HealthCheck("database", True, fine)], Metrics(Part.API), clock=lambda: now)
    await monitor.refresh()
    assert monitor.status() == "ok"
    now = 60.0
    assert monitor.status() == "down"
    assert monitor.results()["database"].error == "not checked for 60 s"


@pytest.mark.parametrize(
    ("up", "status"),
    [((True, True), "ok"), ((True, False), "degraded"), ((False, True), "down"), ((False, False), "down")],
)
async def test_the_worst_critical_dependency_decides(up: tuple[bool, bool], status: str) -> None:
    def probe(fine: bool) -> object:
        async def answer() -> None:
            if not fine:
                raise CheckFailed("bad")

        return answer

    checks = [HealthCheck("database", True, probe(up[0])), HealthCheck("signal_models", False, probe(up[1]))]  # type: ignore[arg-type]
    monitor = HealthMonitor(checks, Metrics(Part.API))
    await monitor.refresh()
    assert monitor.status() == status


async def test_health_answers_while_the_database_hangs(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, release = threading.Event(), threading.Event()

    def ping(_self: object) -> None:
        if hangs.is_set():
            release.wait(30)

    monkeypatch.setattr(Desk, "ping_database", ping)
    async with running(install(data_dir)) as installation:
        try:
            assert (await health(installation)).status_code == 200
            hangs.set()
            async with asyncio.timeout(30):
                while (response := await health(installation)).status_code == 200:
                    await asyncio.sleep(0.05)
            error = response.json()["dependencies"]["database"]["error"]
            assert error.startswith("no answer for")
        finally:
            release.set()

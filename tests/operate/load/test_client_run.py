"""The real Locust as a child process, against a strict server; with the real stack: tests/e2e/test_load.py."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from investiq.operate.load.client_run import REPORT, ClientFailed, LoadPlan, run_client
from investiq.operate.load.record import Outcome, RunRecord
from investiq.operate.load.settings import ChildSettings
from tests.clients.strict import Reply, StrictServer

pytestmark = pytest.mark.e2e


def settings(url: str, folder: Path, pace: float = 5) -> ChildSettings:
    return ChildSettings(url, "iq_secret", "run", pace, 60, str(folder / "record.json"), str(folder / "orders"))


async def ran(url: str, folder: Path, plan: LoadPlan, stop: asyncio.Event | None = None) -> RunRecord:
    return await run_client(settings(url, folder), plan, folder, stop or asyncio.Event(), lambda state: None)


async def test_users_ask_with_the_key_and_what_they_met_comes_back(
    server: StrictServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of somebody's own tests: none of it may reach this run.
    monkeypatch.setenv("LOCUST_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("LOCUST_USERS", "99")
    (tmp_path / "locust.conf").write_text("users = 99\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    elsewhere = Reply("", 302, {"Location": f"{server.url}/elsewhere"})
    server.on("GET /health", Reply({"status": "ok"}), Reply({}, 503), Reply({}, 429), elsewhere)

    record = await ran(server.url, scratch, LoadPlan("HealthUser", users=2, seconds=2, html=True))

    assert record.count() == len(server.asked) >= 4
    outcomes = {outcome: record.count(lambda group, o=outcome: group.outcome is o) for outcome in Outcome}  # type: ignore[misc]
    assert outcomes == {"served": record.count() - 2, "failed": 1, "rate_limited": 1, "denied": 0}
    assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer iq_secret"}
    assert {asked.path for asked in server.asked} == {"/health"}, "with its key, it follows nobody elsewhere"
    assert record.cpu_seconds > 0
    assert "<html" in (scratch / REPORT).read_text()
    assert not (scratch / "settings.json").exists(), "no key is left behind"
    assert all("iq_secret" not in file.read_text("utf-8", "replace") for file in scratch.iterdir())


async def test_a_server_that_is_not_there_is_a_failure_of_each_request(tmp_path: Path) -> None:
    record = await ran("http://127.0.0.1:9", tmp_path, LoadPlan("HealthUser", users=1, seconds=1))
    assert record.counts(lambda group: group.why) == {"connection refused": record.count()}
    assert record.count() > 0


async def test_what_was_stopped_before_it_began_has_an_empty_record(tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    assert (await ran("http://127.0.0.1:9", tmp_path, LoadPlan("HealthUser", 1, 60), stop)).count() == 0
    assert list(tmp_path.iterdir()) == []


async def test_a_locust_that_does_not_start_is_told_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(ClientFailed, match="NoSuchUser"):
        await ran("http://127.0.0.1:9", tmp_path, LoadPlan("NoSuchUser", 1, 1))
    assert "LOCUST_HOST" not in os.environ

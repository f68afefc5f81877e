"""The heartbeat at the API's door: what counts as one, who may bring it, and what it changes."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from investiq.foundation.config import Paths
from investiq.foundation.config.schema import ApiConfig, TradingConfig
from investiq.foundation.contract.heartbeat import WATCHDOG_LABELS
from investiq.foundation.files import UnusableTokenFile, provide_token
from investiq.foundation.telemetry import catalogue
from tests.operate.supervise.notifications import alert, webhook
from tests.serve.api.installation import Installation, install, not_running

PATH = "/internal/heartbeat"
ORDER = {"symbol": "AAPL", "side": "buy", "quantity": "1"}
WRONG_TOKENS = ("Bearer ", "Bearer", "", "Bearer x", "Basic dXNlcjpwYXNz", "Bearer " + "A" * 43)


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Installation]:
    """A server that was just started and needs the heartbeat."""
    async with not_running(install(tmp_path / "data", trading=TradingConfig())) as made:
        yield made


def token(installation: Installation) -> str:
    return Paths.of(installation.config).heartbeat_token.read_text().strip()


def watchdog(evaluated_at: object = None, **changes: Any) -> dict[str, Any]:
    stamp = time.time() if evaluated_at is None else evaluated_at
    return alert("Watchdog", annotations={"evaluated_at": f"{stamp:.3f}" if isinstance(stamp, float) else stamp}) | (
        changes
    )


async def send(
    installation: Installation, body: object = None, authorization: str | None = None, address: str = "127.0.0.1"
) -> httpx2.Response:
    message = webhook(watchdog()) if body is None else body
    content = message if isinstance(message, bytes) else json.dumps(message).encode()
    bearer = f"Bearer {token(installation)}" if authorization is None else authorization
    async with installation.client(address) as client:
        return await client.post(PATH, content=content, headers={"Authorization": bearer})


async def place(installation: Installation, key: str) -> httpx2.Response:
    async with installation.client() as client:
        return await client.post("/api/trades", json=ORDER, headers=installation.order_headers(key))


def counted(installation: Installation, outcome: str) -> float:
    return installation.sample(catalogue.HEARTBEATS.name, outcome=outcome)


async def test_the_first_heartbeat_opens_trading_and_every_surface_says_so(watched: Installation) -> None:
    async with watched.client() as client:
        before = (await client.get("/api/trading/status")).json()
        health = (await client.get("/health")).json()
        assert (before["halted"], before["reason"], before["by"]) == (True, "monitoring_lost", "breaker")
        assert before["monitoring"] == health["monitoring"]
        assert before["monitoring"] | {"note": ""} == {
            "required": True,
            "heartbeat": "awaited",
            "evaluated_at": None,
            "age_seconds": None,
            "limit_seconds": 30.0,
            "note": "",
        }
        denied = await place(watched, "early")
        assert (denied.status_code, denied.json()["denial"]) == (409, "monitoring_lost")
        assert "no heartbeat" in denied.json()["detail"]

        answer = await send(watched)
        assert (answer.status_code, answer.json()) == (200, {"outcome": "accepted", "heartbeat": "fresh"})
        after = (await client.get("/api/trading/status")).json()
        assert (after["halted"], after["reason"], after["monitoring"]["heartbeat"]) == (False, None, "fresh")
        assert 0 <= after["monitoring"]["age_seconds"] < 30
        assert (await place(watched, "now")).status_code == 201


async def test_a_resume_without_a_heartbeat_is_a_conflict_that_names_its_reason(watched: Installation) -> None:
    async with watched.client() as client:
        answer = await client.post("/api/trading/resume", json={"reason": "go"}, headers=watched.bearer())
        assert (answer.status_code, answer.json()["reason"]) == (409, "monitoring_lost")
        assert "Prometheus and Alertmanager" in answer.json()["detail"]
        await client.post("/api/trading/halt", json={"reason": "stop"}, headers=watched.bearer())
        await send(watched)
        answer = await client.post("/api/trading/resume", json={"reason": "go"}, headers=watched.bearer())
        assert (answer.status_code, answer.json()["halted"]) == (200, False)


async def test_where_monitoring_is_not_required_health_says_so(tmp_path: Path) -> None:
    async with not_running(install(tmp_path / "data")) as unwatched, unwatched.client() as client:
        monitoring = (await client.get("/health")).json()["monitoring"]
        assert (monitoring["required"], monitoring["heartbeat"]) == (False, "not_required")
        assert "require_monitoring = false" in monitoring["note"]


# ---- what counts ----


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        webhook(),
        webhook(watchdog(), version="3"),
        webhook(alert("Watchdog", annotations={})),
        webhook(watchdog("soon")),
        webhook(watchdog("nan")),
        webhook(watchdog("-1")),
        webhook(watchdog("1e400")),
        webhook(watchdog(status="resolved")),
        webhook(alert("ServiceDown", annotations={"evaluated_at": "1"})),
        webhook(watchdog(startsAt="yesterday")),
        webhook(watchdog(labels={"alertname": 7})),
        # Anybody who reaches Alertmanager can post an alert of that name.
        webhook(watchdog(labels={"alertname": "Watchdog"})),
        webhook(watchdog(labels={**WATCHDOG_LABELS, "severity": "critical"})),
        webhook(watchdog(labels={**WATCHDOG_LABELS, "instance": "elsewhere"})),
    ],
)
async def test_what_is_malformed_is_none_and_is_told(watched: Installation, body: object) -> None:
    answer = await send(watched, body)
    assert (answer.status_code, answer.json()["reason"]) == (422, "heartbeat_malformed")
    assert counted(watched, "malformed") == 1
    assert watched.parts.desk.monitoring().heartbeat == "awaited"


async def test_one_from_the_future_is_none_and_is_told(watched: Installation) -> None:
    answer = await send(watched, webhook(watchdog(time.time() + 60)))
    assert (answer.status_code, answer.json()["reason"]) == (422, "heartbeat_future")
    assert "clocks" in answer.json()["detail"]
    assert counted(watched, "future") == 1
    assert watched.parts.desk.monitoring().heartbeat == "awaited"


async def test_what_alertmanager_repeats_is_taken_and_makes_nothing_younger(watched: Installation) -> None:
    body = webhook(watchdog(time.time() - 5))
    await send(watched, body)
    before = watched.parts.desk.monitoring().evaluated_at
    assert (await send(watched, body)).json()["outcome"] == "repeated"
    assert (await send(watched, webhook(watchdog(time.time() - 20)))).json()["outcome"] == "repeated"
    assert watched.parts.desk.monitoring().evaluated_at == before
    assert (counted(watched, "accepted"), counted(watched, "repeated")) == (1, 2)


async def test_the_newest_of_a_message_counts(watched: Installation) -> None:
    now = time.time()
    answer = await send(watched, webhook(watchdog(now - 100), watchdog(now - 1), watchdog(now + 100)))
    assert answer.json() == {"outcome": "accepted", "heartbeat": "fresh"}


async def test_fields_that_a_newer_alertmanager_adds_do_no_harm(watched: Installation) -> None:
    assert (await send(watched, webhook(watchdog(more=1), further={}))).status_code == 200


async def test_it_is_not_in_openapi(watched: Installation) -> None:
    async with watched.client() as client:
        assert PATH not in (await client.get("/openapi.json")).json()["paths"]


# ---- who may bring it ----


@pytest.mark.parametrize("authorization", WRONG_TOKENS)
async def test_only_its_own_token_opens_it_also_from_loopback(watched: Installation, authorization: str) -> None:
    answer = await send(watched, authorization=authorization)
    assert answer.status_code == 401
    assert watched.sample("investiq_auth_failures_total", reason="heartbeat_token") == 1
    assert watched.parts.desk.monitoring().heartbeat == "awaited"


async def test_no_api_key_opens_it_and_its_token_opens_nothing_else(watched: Installation) -> None:
    assert (await send(watched, authorization=f"Bearer {watched.admin_key}")).status_code == 401
    async with watched.client() as client:
        for method, path in (("GET", "/api/market"), ("GET", "/metrics"), ("POST", "/api/trading/halt")):
            answer = await client.request(method, path, headers=watched.bearer(token(watched)))
            assert answer.status_code == 401, path


async def test_it_comes_from_anywhere_with_its_token(watched: Installation) -> None:
    assert (await send(watched, address="10.0.0.1")).status_code == 200


async def test_other_requests_cannot_use_up_its_place(tmp_path: Path) -> None:
    api = ApiConfig(requests_per_minute=3)
    async with not_running(install(tmp_path / "data", api=api, trading=TradingConfig())) as small:
        async with small.client() as client:
            assert [(await client.get("/api/market")).status_code for _ in range(4)] == [200, 200, 200, 429]
        assert [(await send(small)).status_code for _ in range(10)] == [200] * 10


async def test_it_gets_through_while_the_database_hangs(watched: Installation) -> None:
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        from investiq.foundation.store import writing

        with writing(watched.parts.store):
            locked.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(60)
        assert (await send(watched)).status_code == 200
        assert watched.parts.desk.monitoring().heartbeat == "fresh"
    finally:
        done.set()
        holder.join()


def test_an_empty_token_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    install(tmp_path / "data").parts.lock.release()
    file = tmp_path / "data" / "keys" / "heartbeat.token"
    file.write_text("\n")
    with pytest.raises(UnusableTokenFile, match="delete it"):
        install(tmp_path / "data")


def test_the_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "heartbeat.token"
    made = provide_token(file)
    assert len(made) >= 43
    assert provide_token(file) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["heartbeat.token"]


def test_of_many_that_make_the_token_at_once_all_get_the_same(tmp_path: Path) -> None:
    file, seen = tmp_path / "heartbeat.token", list[str]()
    threads = [threading.Thread(target=lambda: seen.append(provide_token(file))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1

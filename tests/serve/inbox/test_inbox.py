"""The inbox keeps what Alertmanager sends, says 200 only then, and shows it bounded and newest first."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from investiq.clients.session import HttpCredentials
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.config.schema import InboxConfig
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.inbox.app import create_app
from tests.expositions import sample
from tests.operate.supervise.notifications import STARTED, alert, webhook

BASE = "http://127.0.0.1:5001"


def _client(config: Config) -> httpx2.AsyncClient:
    app = create_app(config, Metrics(Part.INBOX))
    auth = HttpCredentials.of(topology.INBOX, config).auth()
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE, auth=auth)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path)


@pytest_asyncio.fixture
async def inbox(config: Config) -> AsyncIterator[httpx2.AsyncClient]:
    async with _client(config) as client:
        yield client


async def _notifications(inbox: httpx2.AsyncClient, **filters: str | int) -> list[dict[str, Any]]:
    response = await inbox.get("/api/notifications", params=filters)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()["notifications"]
    return rows


async def test_each_alert_of_a_webhook_becomes_a_row(inbox: httpx2.AsyncClient) -> None:
    response = await inbox.post("/webhook", json=webhook(alert("ServiceDown"), alert("HighLatency")))
    assert response.status_code == 200
    newest, oldest = await _notifications(inbox)
    assert (newest["alertname"], oldest["alertname"]) == ("HighLatency", "ServiceDown")
    assert newest["id"] > oldest["id"]
    assert oldest["severity"] == "critical"
    assert oldest["labels"]["service"] == "investiq-api"
    assert oldest["annotations"] == {"summary": "ServiceDown happened"}
    assert oldest["starts_at"].startswith(STARTED[:19])
    assert oldest["ends_at"] is None
    assert oldest["receiver"] == "inbox"


async def test_a_repeat_is_counted_and_makes_no_second_page(inbox: httpx2.AsyncClient) -> None:
    for _ in range(3):
        await inbox.post("/webhook", json=webhook(alert()))
    (row,) = await _notifications(inbox)
    assert row["repeats"] == 2
    assert row["last_received_at"] > row["received_at"]


async def test_the_end_of_a_page_and_its_return_are_rows_of_their_own(inbox: httpx2.AsyncClient) -> None:
    again = alert(startsAt="2026-03-02T10:00:00Z")
    for one in (alert(), alert(status="resolved"), again):
        await inbox.post("/webhook", json=webhook(one))
    rows = await _notifications(inbox)
    assert [row["status"] for row in rows] == ["firing", "resolved", "firing"]
    assert rows[1]["ends_at"].startswith("2026-03-02T09:05:00")


async def test_what_was_acknowledged_survives_a_restart(config: Config) -> None:
    async with _client(config) as first:
        assert (await first.post("/webhook", json=webhook(alert()))).status_code == 200
    async with _client(config) as second:
        assert [row["alertname"] for row in await _notifications(second)] == ["ServiceDown"]


async def test_filters_and_limit(inbox: httpx2.AsyncClient) -> None:
    await inbox.post("/webhook", json=webhook(alert("A"), alert("B")))
    first = (await _notifications(inbox))[0]
    await inbox.post("/webhook", json=webhook(alert("A", "resolved")))
    assert [row["status"] for row in await _notifications(inbox, alertname="A")] == ["resolved", "firing"]
    assert [row["alertname"] for row in await _notifications(inbox, status="resolved")] == ["A"]
    assert len(await _notifications(inbox, limit=1)) == 1
    newer = await _notifications(inbox, since=first["received_at"])
    assert len(newer) == 3
    assert await _notifications(inbox, since="2999-01-01T00:00:00Z") == []


@pytest.mark.parametrize("parameters", ["limit=0", "limit=1001", "status=pending", "since=yesterday"])
async def test_a_filter_that_makes_no_sense_is_422(inbox: httpx2.AsyncClient, parameters: str) -> None:
    assert (await inbox.get(f"/api/notifications?{parameters}")).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        webhook(),
        webhook(alert(), version="3"),
        webhook(alert(status="pending")),
        webhook(alert(startsAt="soon")),
        webhook(alert(fingerprint="")),
        {**webhook(alert()), "alerts": "none"},
    ],
)
async def test_what_is_no_webhook_is_422_and_not_kept(inbox: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    response = await inbox.post("/webhook", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert await _notifications(inbox) == []


async def test_fields_that_newer_alertmanagers_add_are_no_fault(inbox: httpx2.AsyncClient) -> None:
    assert (await inbox.post("/webhook", json=webhook(alert(new="x"), added=1))).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_a_form_of_a_foreign_page_cannot_post(inbox: httpx2.AsyncClient, content_type: str | None) -> None:
    """A browser sends these three without asking the server first; JSON it does not."""
    headers = {"content-type": content_type} if content_type else {}
    response = await inbox.post("/webhook", content=json.dumps(webhook(alert())), headers=headers)
    assert response.status_code in (415, 422)
    assert await _notifications(inbox) == []


async def test_a_foreign_host_name_is_refused(inbox: httpx2.AsyncClient) -> None:
    assert (await inbox.get("/api/notifications", headers={"host": "evil.example"})).status_code == 421


async def test_a_file_that_cannot_be_written_makes_alertmanager_try_again(config: Config) -> None:
    """5xx is retried, anything else is dropped; and /health says what is wrong."""
    async with _client(config) as inbox:
        with sqlite3.connect(config.data_dir / "inbox.db") as other:
            other.execute("DROP TABLE notifications")
        assert (await inbox.post("/webhook", json=webhook(alert()))).status_code == 503
        health = await inbox.get("/health")
        assert health.status_code == 503
        assert health.json()["status"] == "down"
        assert "notifications" in health.json()["dependencies"]["database"]["error"]


async def test_the_oldest_rows_go_when_there_are_too_many(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, inbox=InboxConfig(keep=100))
    async with _client(config) as inbox:
        for first in range(0, 150, 50):
            await inbox.post("/webhook", json=webhook(*(alert(f"A{number}") for number in range(first, first + 50))))
        rows = await _notifications(inbox, limit=1000)
    assert [row["alertname"] for row in rows] == [f"A{number}" for number in range(149, 49, -1)]


async def test_the_heartbeat_is_remembered_not_kept(inbox: httpx2.AsyncClient) -> None:
    health = (await inbox.get("/health")).json()
    assert health["status"] == "ok"
    assert health["heartbeat"] == {"evaluated_at": None, "age_seconds": None}
    evaluated = time.time() - 100
    beat = alert("Watchdog", annotations={"evaluated_at": f"{evaluated:.3f}"})
    assert (await inbox.post("/heartbeat", json=webhook(beat))).status_code == 200
    assert (await inbox.get("/health")).json()["heartbeat"]["age_seconds"] >= 100
    assert await _notifications(inbox) == []


@pytest.mark.parametrize(
    "late",
    [
        alert("Watchdog", annotations={"evaluated_at": "1000.000"}),
        alert("Watchdog", "resolved", annotations={"evaluated_at": "3000.000"}),
        alert("Watchdog", annotations={}),
        alert("Watchdog", annotations={"evaluated_at": "now"}),
    ],
)
async def test_only_a_newer_evaluation_is_a_heartbeat(inbox: httpx2.AsyncClient, late: dict[str, Any]) -> None:
    """An Alertmanager whose Prometheus is dead goes on sending, and finally sends that it resolved."""
    await inbox.post("/heartbeat", json=webhook(alert("Watchdog", annotations={"evaluated_at": "2000.000"})))
    await inbox.post("/heartbeat", json=webhook(late))
    assert (await inbox.get("/health")).json()["heartbeat"]["evaluated_at"] == 2000


async def test_metrics_count_what_arrived(inbox: httpx2.AsyncClient) -> None:
    name = "investiq_inbox_notifications_total"
    assert sample((await inbox.get("/metrics", auth=None)).text, name, status="resolved") == 0
    await inbox.post("/webhook", json=webhook(alert("A"), alert("B")))
    assert sample((await inbox.get("/metrics", auth=None)).text, name, status="firing") == 2
    assert (await inbox.get("/metrics")).status_code == 401, "the inbox's token is not that of metrics"


# ---- who may ----


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer " + "A" * 43, "Basic dXNlcjpwYXNz"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/webhook"), ("POST", "/heartbeat"), ("GET", "/api/notifications"), ("GET", "/docs")]
)
async def test_without_its_token_nobody_brings_or_reads_anything(
    inbox: httpx2.AsyncClient, method: str, path: str, authorization: str
) -> None:
    request = inbox.build_request(
        method, path, json=webhook(alert("Watchdog")), headers={"Authorization": authorization}
    )
    answer = await inbox.send(request, auth=None)
    assert (answer.status_code, answer.json()["reason"]) == (401, "inbox_token")
    assert await _notifications(inbox) == []
    health = await inbox.get("/health", auth=None)
    assert (health.status_code, health.json()["heartbeat"]["age_seconds"]) == (200, None)


# ---- what strangers write ----


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("\\ud83d", "\N{REPLACEMENT CHARACTER}"),
        ("\\ude00x\\ud83d", "\N{REPLACEMENT CHARACTER}x\N{REPLACEMENT CHARACTER}"),
        ("\\ud83d\\ude00", "\N{GRINNING FACE}"),
        ("a\\u0000b", "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
@pytest.mark.parametrize("place", ["alertname", "service", "summary", "receiver"])
async def test_text_that_cannot_be_written_is_kept_as_what_can(
    inbox: httpx2.AsyncClient, place: str, sent: str, kept: str
) -> None:
    message = webhook(alert("Before", labels={"alertname": "Before", "service": "one"}), receiver="inbox")
    text = {
        "alertname": ('"alertname": "Before"', f'"alertname": "{sent}"'),
        "service": ('"service": "one"', f'"service": "{sent}"'),
        "summary": ("Before happened", sent),
        "receiver": ('"receiver": "inbox"', f'"receiver": "{sent}"'),
    }[place]
    body = json.dumps(message).replace(*text)
    answer = await inbox.post("/webhook", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    (row,) = await _notifications(inbox)
    found = {**row["labels"], **row["annotations"], "receiver": row["receiver"]}
    assert found[place] == kept


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "1492-01-01T00:00:00Z"])
async def test_times_at_the_ends_of_time_are_422(inbox: httpx2.AsyncClient, when: str) -> None:
    for changes in ({"startsAt": when}, {"endsAt": when, "status": "resolved"}):
        assert (await inbox.post("/webhook", json=webhook(alert("Odd", **changes)))).status_code == 422
    assert (await inbox.get("/api/notifications", params={"since": when})).status_code == 422


@pytest.mark.parametrize("late", ["inf", "1e308", "99999999999", "nan"])
async def test_a_heartbeat_from_the_future_hides_no_loss(inbox: httpx2.AsyncClient, late: str) -> None:
    beat = alert("Watchdog", annotations={"evaluated_at": f"{time.time() - 5:.3f}"})
    await inbox.post("/heartbeat", json=webhook(beat))
    await inbox.post("/heartbeat", json=webhook(alert("Watchdog", annotations={"evaluated_at": late})))
    age = (await inbox.get("/health")).json()["heartbeat"]["age_seconds"]
    assert 4 < age < 60

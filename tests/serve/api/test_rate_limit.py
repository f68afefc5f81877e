"""Limits on how much and how large."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest

from investiq.foundation.config.schema import ApiConfig
from investiq.serve.api import rate_limit
from investiq.serve.api.rate_limit import RateLimit, address_bucket
from tests.serve.api.installation import Installation, install, not_running


@pytest.fixture
def narrow(data_dir: Path) -> Installation:
    """Three requests a minute, two of them orders."""
    return install(data_dir, ApiConfig(requests_per_minute=3, trades_per_minute=2))


async def test_the_fourth_request_is_told_when_to_come_back(narrow: Installation) -> None:
    async with not_running(narrow), narrow.client() as client:
        for left in (2, 1, 0):
            response = await client.get("/api/market")
            assert response.status_code == 200
            assert response.headers["ratelimit"].startswith(f'"requests";r={left};t=')
            assert response.headers["ratelimit-policy"] == '"requests";q=3;w=60'
        refused = await client.get("/api/market")
        assert refused.status_code == 429
        assert refused.json()["reason"] == "too_many_requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert narrow.sample("investiq_rate_limited_total", limit="requests") == 1


async def test_what_watches_the_api_from_loopback_is_never_limited(narrow: Installation) -> None:
    async with not_running(narrow), narrow.client() as client:
        for _ in range(6):
            assert (await client.get("/metrics")).status_code == 200
            assert (await client.get("/health")).status_code != 429
        assert (await client.get("/api/market")).status_code == 200


async def test_each_key_and_each_address_has_its_own_limit(narrow: Installation) -> None:
    async with not_running(narrow), narrow.client() as client, narrow.client("127.0.0.2") as other:
        for _ in range(4):
            exhausted = await client.get("/api/market")
        assert exhausted.status_code == 429
        assert (await other.get("/api/market")).status_code == 200
        # The first use of a key is charged to its address, later ones to the key.
        assert (await other.get("/api/market", headers=narrow.bearer())).status_code == 200
        for _ in range(3):
            assert (await client.get("/api/market", headers=narrow.bearer())).status_code == 200
        assert (await client.get("/api/market", headers=narrow.bearer())).status_code == 429


async def test_guessing_keys_is_limited_before_it_asks_the_database(narrow: Installation) -> None:
    async with not_running(narrow), narrow.client("192.0.2.7") as client:
        guesses = [
            (await client.get("/api/market", headers={"Authorization": f"Bearer iq_{n:043}"})).status_code
            for n in range(6)
        ]
        assert guesses == [401, 401, 401, 429, 429, 429]


async def test_orders_have_a_limit_of_their_own(data_dir: Path) -> None:
    made = install(data_dir, ApiConfig(trades_per_minute=2))
    order = {"symbol": "AAPL", "side": "buy", "quantity": "1"}
    async with not_running(made), made.client(headers=made.bearer()) as client:
        answers = [await client.post("/api/trades", json=order, headers={"Idempotency-Key": f"k{n}"}) for n in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert int(answers[2].headers["retry-after"]) >= 1
        assert len((await client.get("/api/trades")).json()["orders"]) == 2
        assert made.sample("investiq_rate_limited_total", limit="trades") == 1


async def test_a_body_above_the_limit_is_413(admin: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    response = await admin.post("/api/trades", content=b" " * 65_537, headers=headers)
    assert response.status_code == 413
    assert response.json()["limit_bytes"] == 65_536


def test_the_number_of_buckets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "BUCKETS_KEPT", 10)
    limit = RateLimit("requests", 5)
    for number in range(100):
        limit.take(f"address:{number}")
    storage = limit._window.storage
    assert len(limit._buckets) == 10
    assert len(storage.events) <= 10  # type: ignore[attr-defined]


def test_an_ipv6_client_cannot_walk_through_its_own_network() -> None:
    first, second = address_bucket(ip_address("2001:db8:0:1::1")), address_bucket(ip_address("2001:db8:0:1:f::9"))
    assert first == second
    assert address_bucket(ip_address("2001:db8:0:2::1")) != first
    assert address_bucket(ip_address("192.0.2.1")) != address_bucket(ip_address("192.0.2.2"))


def test_headers_are_structured_fields() -> None:
    headers = RateLimit("trades", 7).take("x").headers()
    assert re.fullmatch(r'"trades";r=6;t=\d+', headers["RateLimit"])
    assert "Retry-After" not in headers

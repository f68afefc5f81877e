"""Limits on how much and how large."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import event

from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.vocabulary import Access
from investiq.serve.api import rate_limit
from investiq.serve.api.keys import KeyStore
from investiq.serve.api.rate_limit import RateLimit
from investiq.serve.http.access import address_bucket
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
            assert response.headers["ratelimit"].startswith(f'"keyless";r={left};t=')
            assert response.headers["ratelimit-policy"] == '"keyless";q=3;w=60'
        refused = await client.get("/api/market")
        assert refused.status_code == 429
        assert refused.json()["reason"] == "too_many_requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert narrow.sample("investiq_rate_limited_total", limit="keyless") == 1


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
        for _ in range(3):
            assert (await client.get("/api/market", headers=narrow.bearer())).status_code == 200
        assert (await client.get("/api/market", headers=narrow.bearer())).status_code == 429
        assert (await client.get("/api/market", headers=narrow.bearer(narrow.agent_key))).status_code == 200


WRONG_KEY = "iq_" + "A" * 43


async def test_no_crowd_of_others_uses_up_what_a_right_key_may_do(narrow: Installation) -> None:
    async with not_running(narrow), narrow.client() as client:
        for headers in ({}, narrow.bearer(WRONG_KEY), narrow.bearer("x")):
            answers = [(await client.get("/api/market", headers=headers)).status_code for _ in range(10)]
            assert answers[-1] == 429
        assert (await client.get("/api/market", headers=narrow.bearer())).status_code == 200
        _, secret = KeyStore(narrow.parts.store).create("visitor", Access.READ)
        refused = (await client.get("/api/market", headers=narrow.bearer(secret))).status_code
        assert refused == 429, "a new key waits for two seconds where the address has sent too many wrong ones"
    async with narrow.client("192.0.2.9") as elsewhere:
        assert (await elsewhere.get("/api/market", headers=narrow.bearer(secret))).status_code == 200


async def test_wrong_keys_leave_requests_without_a_key_alone(narrow: Installation) -> None:
    async with not_running(narrow), narrow.client() as client:
        for _ in range(10):
            await client.get("/api/market", headers=narrow.bearer(WRONG_KEY))
        assert (await client.get("/api/market")).status_code == 200


async def test_halting_and_cancelling_are_never_refused_for_their_number(narrow: Installation) -> None:
    async with not_running(narrow), narrow.client(headers=narrow.bearer()) as client:
        limited = {"symbol": "AAPL", "side": "buy", "quantity": "1", "order_type": "limit", "limit_price": "1"}
        order = await client.post("/api/trades", json=limited, headers={"Idempotency-Key": "k"})
        for _ in range(5):
            exhausted = await client.get("/api/market")
        assert exhausted.status_code == 429
        for _ in range(5):
            assert (await client.post("/api/trading/halt", json={"reason": "x"})).status_code == 200
        assert (await client.delete(order.headers["location"])).status_code == 200


async def test_wrong_keys_do_not_keep_the_database_busy(narrow: Installation) -> None:
    async with not_running(narrow), narrow.client() as client:
        await client.get("/api/market", headers=narrow.bearer())
        asked: list[str] = []
        event.listen(narrow.parts.store, "before_cursor_execute", lambda *call: asked.append(call[2]))
        for number in range(20):
            await client.get("/api/market", headers=narrow.bearer(f"iq_{number:043}"))
        assert len([statement for statement in asked if "FROM api_keys" in statement]) <= 3


async def test_a_page_of_another_site_uses_nothing_up(narrow: Installation) -> None:
    async with not_running(narrow), narrow.client() as client:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
            for _ in range(5):
                refused = await client.get("/api/market", headers=headers)
                assert (refused.status_code, refused.json()["reason"]) == (403, "foreign_origin")
                assert "ratelimit" not in refused.headers
        assert (await client.get("/api/market")).headers["ratelimit"].startswith('"keyless";r=2;')


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
        assert (await client.post("/api/trades?dry_run=true", json=order)).status_code == 200, "a dry run is no order"


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
    assert len(limit._windows) == 10


def test_a_bucket_that_is_as_good_as_new_is_forgotten() -> None:
    now = [100.0]
    limit = RateLimit("requests", 5, clock=lambda: now[0])
    for number in range(10):
        limit.take(f"address:{number}")
    now[0] += 61
    for _ in range(20):
        limit.take("address:again")
    assert list(limit._windows) == ["address:again"]


def test_the_limit_holds_in_any_sixty_seconds() -> None:
    now = [0.0]
    limit = RateLimit("requests", 3, clock=lambda: now[0])
    for at in (0.0, 20.0, 40.0):
        now[0] = at
        assert limit.take("x").allowed
    now[0] = 59.9
    refused = limit.take("x")
    assert (refused.allowed, refused.remaining, refused.reset_seconds) == (False, 0, 1)
    assert not limit.is_open("x")
    now[0] = 60.0
    assert limit.is_open("x")
    assert limit.take("x").allowed
    assert limit.take("x").reset_seconds == 20
    assert limit.take("y").remaining == 2


def test_an_ipv6_client_cannot_walk_through_its_own_network() -> None:
    first, second = address_bucket(ip_address("2001:db8:0:1::1")), address_bucket(ip_address("2001:db8:0:1:f::9"))
    assert first == second
    assert address_bucket(ip_address("2001:db8:0:2::1")) != first
    assert address_bucket(ip_address("192.0.2.1")) != address_bucket(ip_address("192.0.2.2"))


def test_headers_are_structured_fields() -> None:
    headers = RateLimit("trades", 7).take("x").headers()
    assert re.fullmatch(r'"trades";r=6;t=\d+', headers["ratelimit"])
    assert "retry-after" not in headers

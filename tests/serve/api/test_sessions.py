"""Logging in: sessions, what they allow, and how they end; links that log in once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from investiq.foundation.store import reading
from investiq.foundation.store.schema import sessions as sessions_table
from investiq.foundation.vocabulary import Access
from investiq.serve.api.key_ring import KeyRing
from investiq.serve.api.keys import ApiKey, KeyStore, hash_of
from investiq.serve.api.sessions import LINK_LIFE, SESSION_LIFE, Credentials, LoginRefused, Session, SessionStore
from tests.serve.api.installation import Installation, install

ORDER = {"symbol": "AAPL", "side": "buy", "quantity": "1"}
WHY = {"reason": "a test"}


@pytest.fixture
def keys(still: Installation) -> KeyStore:
    return KeyStore(still.parts.store)


@pytest.fixture
def alice(keys: KeyStore) -> tuple[ApiKey, str]:
    return keys.create("alice", Access.TRADE)


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


async def log_in(client: httpx2.AsyncClient, **what: str) -> dict[str, Any]:
    answer = await client.post("/api/sessions", json=what)
    assert answer.status_code == 201, answer.text
    session: dict[str, Any] = answer.json()
    return session


async def make_link(client: httpx2.AsyncClient, key: str) -> str:
    answer = await client.post("/api/sessions/links", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def verified(store: SessionStore, secret: str) -> Session | None:
    return store.by_hash().get(hash_of(secret.encode()))


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


# ---- what a session is ----


async def test_a_session_of_a_key_tells_whose_it_is_and_until_when(
    remote: httpx2.AsyncClient, alice: tuple[ApiKey, str]
) -> None:
    session = await log_in(remote, key=alice[1])
    asked = (await remote.get("/api/sessions/current", headers=bearer(session["secret"]))).json()

    assert session.pop("secret").startswith("iqs_")
    assert asked == session
    assert (session["name"], session["scope"]) == ("alice", "trade")
    lives = datetime.fromisoformat(session["expires_at"]) - datetime.fromisoformat(session["created_at"])
    assert lives == timedelta(hours=12)


@pytest.mark.parametrize(
    ("access", "statuses"),
    [(Access.READ, (403, 403, 403)), (Access.TRADE, (201, 200, 403)), (Access.ADMIN, (201, 200, 200))],
)
async def test_a_session_allows_what_its_key_allows(
    still: Installation, keys: KeyStore, remote: httpx2.AsyncClient, access: Access, statuses: tuple[int, ...]
) -> None:
    _, key = keys.create("someone", access)
    headers = bearer((await log_in(remote, key=key))["secret"])

    placed = await remote.post("/api/trades", json=ORDER, headers={**headers, "Idempotency-Key": "k"})
    halted = await remote.post("/api/trading/halt", json=WHY, headers=headers)
    resumed = await remote.post("/api/trading/resume", json=WHY, headers=headers)

    assert (placed.status_code, halted.status_code, resumed.status_code) == statuses


async def test_what_a_session_does_is_kept_under_the_name_of_its_key(
    remote: httpx2.AsyncClient, alice: tuple[ApiKey, str]
) -> None:
    session = await log_in(remote, key=alice[1])
    who = f"alice (session {session['id']})"
    headers = bearer(session["secret"])

    order = (await remote.post("/api/trades", json=ORDER, headers={**headers, "Idempotency-Key": "k"})).json()
    status = (await remote.post("/api/trading/halt", json=WHY, headers=headers)).json()

    assert order["created_by"] == who
    assert {event.get("by") for event in order["history"]} <= {who, None}
    assert status["by"] == who


async def test_the_longest_name_leaves_room_for_the_session(still: Installation, keys: KeyStore) -> None:
    _, key = keys.create("x" * 100, Access.ADMIN)
    session, _ = SessionStore(still.parts.store).log_in_by_key(key)
    assert len(session.name) == 100
    assert session.name.endswith(f"x (session {session.id})")


async def test_only_the_hash_of_a_session_is_kept(still: Installation, alice: tuple[ApiKey, str]) -> None:
    _, secret = SessionStore(still.parts.store).log_in_by_key(alice[1])
    with reading(still.parts.store) as connection:
        (row,) = connection.execute(select(sessions_table)).all()
    assert secret.removeprefix("iqs_") not in str(tuple(row))


# ---- how it ends ----


async def test_a_session_that_has_logged_out_is_over_at_once(
    remote: httpx2.AsyncClient, alice: tuple[ApiKey, str]
) -> None:
    headers = bearer((await log_in(remote, key=alice[1]))["secret"])
    assert (await remote.get("/api/market", headers=headers)).status_code == 200

    assert (await remote.delete("/api/sessions/current", headers=headers)).status_code == 200

    for path in ("/api/market", "/api/sessions/current"):
        assert (await remote.get(path, headers=headers)).status_code == 401
    assert (await remote.delete("/api/sessions/current", headers=headers)).status_code == 401
    assert (await remote.get("/api/market", headers=bearer(alice[1]))).status_code == 200  # the key lives on


async def test_the_sessions_of_a_key_end_with_it(
    still: Installation, keys: KeyStore, alice: tuple[ApiKey, str]
) -> None:
    store = SessionStore(still.parts.store)
    _, secret = store.log_in_by_key(alice[1])
    link = store.make_link(alice[0].id)
    keys.revoke(alice[0].id)

    assert verified(store, secret) is None
    assert store.open_sessions() == []
    with pytest.raises(LoginRefused, match="revoked"):
        store.log_in_by_key(alice[1])
    with pytest.raises(LoginRefused, match="revoked"):
        store.log_in_by_link(link.token)


async def test_a_session_ends_after_twelve_hours_whatever_it_does(
    still: Installation, alice: tuple[ApiKey, str]
) -> None:
    clock = Clock()
    store = SessionStore(still.parts.store, clock)
    session, secret = store.log_in_by_key(alice[1])

    clock.now += SESSION_LIFE - timedelta(seconds=1)
    assert verified(store, secret) == session
    clock.now += timedelta(seconds=1)
    assert verified(store, secret) is None


async def test_a_session_can_be_ended_by_its_id(still: Installation, alice: tuple[ApiKey, str]) -> None:
    store = SessionStore(still.parts.store)
    session, secret = store.log_in_by_key(alice[1])
    other, other_secret = store.log_in_by_key(alice[1])

    store.end(session.id)

    assert verified(store, secret) is None
    assert verified(store, other_secret) == other
    assert store.open_sessions() == [other]


async def test_what_ended_long_ago_is_forgotten(still: Installation, alice: tuple[ApiKey, str]) -> None:
    clock = Clock()
    store = SessionStore(still.parts.store, clock)
    store.log_in_by_key(alice[1])
    clock.now += timedelta(days=91)
    store.log_in_by_key(alice[1])
    with reading(still.parts.store) as connection:
        assert len(connection.execute(select(sessions_table)).all()) == 1


async def test_a_session_is_verified_once_in_two_seconds_and_after_a_log_out_anew(
    still: Installation, alice: tuple[ApiKey, str]
) -> None:
    store = SessionStore(still.parts.store)
    ring = KeyRing(Credentials(KeyStore(still.parts.store), store))
    session, secret = store.log_in_by_key(alice[1])
    await ring.verify(secret.encode(), search=True)
    store.end(session.id)
    assert await ring.verify(secret.encode(), search=False) is not None

    ring.forget()

    assert await ring.verify(secret.encode(), search=False) is None


# ---- what it is not ----


async def test_another_installations_session_is_nobody(
    remote: httpx2.AsyncClient, tmp_path: Path, alice: tuple[ApiKey, str]
) -> None:
    other = install(tmp_path / "other")
    _, secret = SessionStore(other.parts.store).log_in_by_key(other.admin_key)
    other.parts.store.dispose()
    assert (await remote.get("/api/market", headers=bearer(secret))).status_code == 401


@pytest.mark.parametrize("secret", ["iqs_", "iqs_" + "A" * 43, "iqs_" + "A" * 44, "iqs_ä", "iql_" + "A" * 43])
async def test_what_is_no_session_is_refused(local: httpx2.AsyncClient, secret: str) -> None:
    headers = {b"Authorization": f"Bearer {secret}".encode()}
    assert (await local.get("/api/market", headers=headers)).status_code == 401


async def test_a_key_has_no_session_and_who_has_none_may_not_log_out(
    local: httpx2.AsyncClient, alice: tuple[ApiKey, str]
) -> None:
    answer = await local.get("/api/sessions/current", headers=bearer(alice[1]))
    assert (answer.status_code, answer.json()["reason"]) == (404, "no_session")
    assert (await local.get("/api/sessions/current")).status_code == 404
    assert (await local.delete("/api/sessions/current")).status_code == 401


# ---- links ----


async def test_a_link_logs_in_once_as_the_key_that_made_it(
    remote: httpx2.AsyncClient, alice: tuple[ApiKey, str]
) -> None:
    link = await make_link(remote, alice[1])

    session = await log_in(remote, link=link)
    again = await remote.post("/api/sessions", json={"link": link})

    assert (session["name"], session["scope"]) == ("alice", "trade")
    assert again.status_code == 401
    assert "used before, and works once" in again.json()["detail"]
    assert again.headers["www-authenticate"].startswith("Bearer ")


async def test_of_many_who_use_a_link_at_the_same_time_one_is_logged_in(
    still: Installation, alice: tuple[ApiKey, str]
) -> None:
    store = SessionStore(still.parts.store)
    link = store.make_link(alice[0].id)

    def use(_: int) -> bool:
        try:
            store.log_in_by_link(link.token)
        except LoginRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(await asyncio.gather(*(asyncio.wrap_future(pool.submit(use, i)) for i in range(8)))) == 1
    assert len(store.open_sessions()) == 1


async def test_a_link_is_valid_for_five_minutes_also_after_a_restart(
    still: Installation, alice: tuple[ApiKey, str]
) -> None:
    clock = Clock()
    links = [SessionStore(still.parts.store, clock).make_link(alice[0].id) for _ in range(2)]

    clock.now += LINK_LIFE - timedelta(seconds=1)
    restarted = SessionStore(still.parts.store, clock)
    restarted.log_in_by_link(links[0].token)
    clock.now += timedelta(seconds=1)
    with pytest.raises(LoginRefused, match="older than five minutes"):
        restarted.log_in_by_link(links[1].token)


async def test_a_link_is_made_with_a_key_and_never_with_a_session(
    local: httpx2.AsyncClient, alice: tuple[ApiKey, str]
) -> None:
    session = await log_in(local, key=alice[1])
    assert (await local.post("/api/sessions/links", headers=bearer(session["secret"]))).status_code == 403
    assert (await local.post("/api/sessions/links")).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"key": "iq_" + "A" * 43}, 401),
        ({"key": "hello"}, 401),
        ({"key": "iq_ä"}, 401),
        ({"link": "iql_" + "A" * 43}, 401),
        ({"link": "hello"}, 401),
        ({}, 422),
        ({"key": "", "link": ""}, 422),
        ({"key": "a", "link": "b"}, 422),
        ({"key": "x" * 201}, 422),
        ({"key": None}, 422),
        ({"key": 5}, 422),
        ({"password": "x"}, 422),
    ],
)
async def test_what_logs_nobody_in_is_refused_and_never_repeated(
    local: httpx2.AsyncClient, still: Installation, body: dict[str, Any], status: int
) -> None:
    answer = await local.post("/api/sessions", json=body)
    assert answer.status_code == status
    assert not any(str(value) in answer.text for value in body.values() if isinstance(value, str) and len(value) > 4)
    assert still.sample("investiq_auth_failures_total", reason="unknown_key") == (status == 401)


async def test_a_session_or_a_link_is_no_key_to_log_in_with(
    local: httpx2.AsyncClient, alice: tuple[ApiKey, str]
) -> None:
    """Else a session could be made to last for ever."""
    session = await log_in(local, key=alice[1])
    link = await make_link(local, alice[1])
    for secret in (session["secret"], link):
        assert (await local.post("/api/sessions", json={"key": secret})).status_code == 401
    assert (await local.post("/api/sessions", json={"link": session["secret"]})).status_code == 401


async def test_a_page_of_another_site_logs_nobody_in(local: httpx2.AsyncClient, alice: tuple[ApiKey, str]) -> None:
    answer = await local.post("/api/sessions", json={"key": alice[1]}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403


async def test_logging_in_opens_no_other_path_without_a_key(remote: httpx2.AsyncClient) -> None:
    for method, path in (("GET", "/api/sessions"), ("POST", "/api/sessions/"), ("POST", "/api/sessions/links")):
        assert (await remote.request(method, path, json={})).status_code in (401, 404, 405), (method, path)

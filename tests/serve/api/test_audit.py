"""Who changes something by the API stands in the audit log, with where from and how it went; only admins read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from investiq.foundation.store.audit import Actor
from investiq.foundation.vocabulary import Access
from investiq.serve.api import denials
from investiq.serve.api.keys import KeyStore
from investiq.serve.api.sessions import SessionStore
from tests.serve.api.installation import Installation

ORDER = {"symbol": "AAPL", "side": "buy", "quantity": "1"}
SOMEBODY = Actor("somebody", "here")


async def _log(still: Installation, **params: Any) -> list[dict[str, Any]]:
    async with still.client() as client:
        answer = await client.get("/api/audit", params=params, headers=still.bearer())
    records: list[dict[str, Any]] = answer.raise_for_status().json()["records"]
    return records


async def _latest(still: Installation, action: str) -> dict[str, Any]:
    return (await _log(still, action=action))[0]


async def test_an_order_and_its_cancelling(still: Installation) -> None:
    async with still.client() as client:
        order = {**ORDER, "order_type": "limit", "limit_price": "1"}
        placed = (await client.post("/api/trades", json=order, headers=still.order_headers("a"))).json()
        await client.delete(f"/api/trades/{placed['id']}", headers=still.bearer())
    placing, cancelling = await _latest(still, "order_placed"), await _latest(still, "order_cancelled")
    assert placing["target"] == cancelling["target"] == placed["id"]
    assert (placing["actor"], placing["access"], placing["origin"]) == ("local admin", "admin", "127.0.0.1")
    assert "buy 1 AAPL" in placing["detail"]
    assert placing["result"] == "done"


async def test_an_order_that_is_denied_says_so_and_one_sent_twice_is_one(still: Installation) -> None:
    async with still.client() as client:
        for _ in range(2):
            headers = still.order_headers("b")
            assert (await client.post("/api/trades", json={**ORDER, "quantity": "99999"}, headers=headers)).is_error
    records = await _log(still, action="order_placed")
    assert [record["result"] for record in records] == ["denied"]


async def test_what_the_agent_orders_is_in_the_ledger_alone(still: Installation) -> None:
    async with still.client() as client:
        await client.post("/api/trades", json=ORDER, headers=still.order_headers("c", still.agent_key))
    assert await _log(still, action="order_placed") == []


async def test_a_signature(still: Installation) -> None:
    async with still.client() as client:
        what = {"point": "training", "by": "Anna", "note": "all of us"}
        await client.post("/api/checklist/sign-offs", json=what, headers=still.bearer())
    signed = await _latest(still, "checklist_signed")
    assert (signed["actor"], signed["target"], signed["detail"]) == (
        "local admin",
        "training",
        "by Anna: all of us",
    )


async def test_halting_and_resuming(still: Installation) -> None:
    async with still.client() as client:
        for what in ("halt", "resume"):
            answer = await client.post(f"/api/trading/{what}", json={"reason": f"to {what}"}, headers=still.bearer())
            assert answer.status_code == 200
    assert (await _latest(still, "trading_halted"))["detail"] == "to halt"
    assert (await _latest(still, "trading_resumed"))["detail"] == "to resume"


async def test_logging_in_and_out_and_where_from(still: Installation) -> None:
    async with still.client("192.0.2.9") as client:
        session = (await client.post("/api/sessions", json={"key": still.admin_key})).json()
        headers = {**still.bearer(session["secret"]), "X-Forwarded-For": "203.0.113.5"}
        await client.delete("/api/sessions/current", headers=headers)
    opened, ended = await _latest(still, "session_opened"), await _latest(still, "session_ended")
    assert opened["target"] == ended["target"] == session["id"]
    assert opened["origin"] == "192.0.2.9"
    assert ended["origin"] == "192.0.2.9, passed on by a proxy"
    assert session["secret"] not in str(await _log(still))


async def test_whoever_may_not_is_kept_with_what_was_wanted(still: Installation) -> None:
    async with still.client() as client:
        headers = still.bearer(still.agent_key)
        answer = await client.post("/api/trading/resume", json={"reason": "now"}, headers=headers)
    assert answer.status_code == 403
    denied = await _latest(still, "access_denied")
    assert (denied["actor"], denied["result"]) == ("local agent", "denied")
    assert denied["target"] == "POST /api/trading/resume"
    assert "admin" in denied["detail"]


async def test_a_script_that_tries_for_ever_fills_no_disk(still: Installation) -> None:
    async with still.client() as client:
        for _ in range(denials.KEPT_A_MINUTE + 5):
            await client.get("/api/audit", headers=still.bearer(still.agent_key))
    assert len(await _log(still, action="access_denied", limit=500)) == denials.KEPT_A_MINUTE


@pytest.mark.parametrize("key", ["agent", "nobody"])
async def test_only_admins_read_it(still: Installation, key: str) -> None:
    async with still.client() as client:
        headers = still.bearer(still.agent_key) if key == "agent" else {}
        assert (await client.get("/api/audit", headers=headers)).status_code == 403


async def test_pages_have_every_row_once(still: Installation) -> None:
    for number in range(7):
        KeyStore(still.parts.store).create(f"key {number}", Access.READ, actor=SOMEBODY)
    seen: list[int] = []
    cursor: str | None = None
    async with still.client() as client:
        while True:
            params: dict[str, str] = {"limit": "3", "actor": "someb", **({"cursor": cursor} if cursor else {})}
            document = (await client.get("/api/audit", params=params, headers=still.bearer())).json()
            seen += [record["id"] for record in document["records"]]
            if (cursor := document["next_cursor"]) is None:
                break
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "501"}, {"cursor": "-1"}, {"action": "nonsense"}])
async def test_a_wrong_question_is_refused(still: Installation, params: dict[str, str]) -> None:
    async with still.client() as client:
        assert (await client.get("/api/audit", params=params, headers=still.bearer())).status_code == 422


async def test_a_silence_is_noted_by_who_may_trade(still: Installation) -> None:
    note = {"action": "silence_put", "silence": "3f9c2a7b", "detail": "ServiceDown until 12:00: deploy"}
    async with still.client() as client:
        sent = await client.post("/api/audit/silences", json=note, headers=still.bearer())
        other = await client.post("/api/audit/silences", json={**note, "action": "key_created"}, headers=still.bearer())
    assert (sent.status_code, other.status_code) == (201, 422)
    assert (await _latest(still, "silence_put"))["target"] == "3f9c2a7b"


async def test_a_rotated_key_opens_with_the_old_one_until_the_overlap_is_over(still: Installation) -> None:
    store = KeyStore(still.parts.store)
    old, secret = store.create("bot", Access.TRADE)
    session, shown = SessionStore(still.parts.store).log_in_by_key(secret)
    new, new_secret = store.rotate(old.id, timedelta(hours=1), SOMEBODY)
    assert (new.name, new.access) == ("bot", Access.TRADE)
    async with still.client() as client:
        for credential in (secret, new_secret, shown):
            assert (await client.get("/api/account", headers=still.bearer(credential))).status_code == 200
    found = SessionStore(still.parts.store).valid(session.id)
    assert found is not None
    assert found.key.id == new.id, "who is logged in stays so, by the new key"
    assert old.id in (await _latest(still, "key_rotated"))["detail"]


async def test_a_key_that_leaked_is_rotated_at_once_and_its_sessions_end(still: Installation) -> None:
    store = KeyStore(still.parts.store)
    old, secret = store.create("bot", Access.TRADE)
    _, shown = SessionStore(still.parts.store).log_in_by_key(secret)
    _, new_secret = store.rotate(old.id, timedelta(), SOMEBODY)
    async with still.client() as client:
        statuses = [
            (await client.get("/api/account", headers=still.bearer(credential))).status_code
            for credential in (new_secret, secret, shown)
        ]
    assert statuses == [200, 401, 401]

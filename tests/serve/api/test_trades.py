"""Orders through HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.chance import examples
from tests.serve.api.installation import Installation

BUY = {"symbol": "AAPL", "side": "buy", "quantity": "10"}


async def place(
    admin: httpx2.AsyncClient, body: Mapping[str, object], key: str = "k1", **headers: str
) -> httpx2.Response:
    return await admin.post("/api/trades", json=body, headers={"Idempotency-Key": key, **headers})


def next_price(still: Installation) -> None:
    """Market time goes on to the session's next real price, and trading with it."""
    still.clock.current = datetime(2008, 1, 3, 19, 0, tzinfo=UTC)
    still.parts.desk.tick()


async def test_an_order_is_placed_and_fills_at_the_next_price(still: Installation, admin: httpx2.AsyncClient) -> None:
    response = await place(admin, BUY)
    assert response.status_code == 201
    order = response.json()
    assert order["status"] == "accepted"
    assert order["quantity"] == "10.0000"
    assert response.headers["location"] == f"/api/trades/{order['id']}"
    next_price(still)
    filled = (await admin.get(f"/api/trades/{order['id']}")).json()
    assert filled["status"] == "filled"
    assert [event["status"] for event in filled["history"]] == ["pending_new", "accepted", "filled"]
    assert filled["created_by"] == "local admin"
    positions = (await admin.get("/api/positions")).json()["positions"]
    assert [(p["symbol"], p["quantity"]) for p in positions] == [("AAPL", "10.0000")]
    account = (await admin.get("/api/account")).json()
    assert account["mode"] == "replay"
    assert still.sample("investiq_trades_total") == 1


async def test_the_same_key_places_nothing_twice(admin: httpx2.AsyncClient) -> None:
    first, again = await place(admin, BUY), await place(admin, {**BUY, "quantity": "10.00"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len((await admin.get("/api/trades")).json()["orders"]) == 1


async def test_the_same_key_for_another_order_is_refused(admin: httpx2.AsyncClient) -> None:
    await place(admin, BUY)
    response = await place(admin, {**BUY, "quantity": "11"})
    assert response.status_code == 422
    assert response.json()["reason"] == "idempotency_key_reused"


async def test_an_order_needs_a_usable_key(admin: httpx2.AsyncClient, subtests: pytest.Subtests) -> None:
    for key in (None, "", " ", "a b", "ä", "x" * 256, "tab\there"):
        with subtests.test(key=key):
            headers = {} if key is None else {b"Idempotency-Key": key.encode()}
            response = await admin.post("/api/trades", json=BUY, headers=headers)
            assert response.status_code == 400
            assert response.headers["content-type"] == "application/problem+json"
    twice = [("Idempotency-Key", "k1"), ("Idempotency-Key", "k2")]
    assert (await admin.post("/api/trades", json=BUY, headers=twice)).status_code == 400
    assert (await admin.get("/api/trades")).json()["orders"] == []


async def test_a_dry_run_says_what_the_order_would_do_and_places_nothing(
    still: Installation, admin: httpx2.AsyncClient
) -> None:
    said = await admin.post("/api/trades?dry_run=true", json=BUY)
    assert said.status_code == 200
    told = said.json()
    assert (told["denial"], told["quantity"], told["position_after"]) == (None, "10.0000", "10.0000")
    assert Decimal(told["buying_power_after"]) == Decimal(told["buying_power"]) - Decimal(told["cost"])
    denied = await admin.post("/api/trades?dry_run=true", json={"symbol": "AAPL", "side": "buy", "notional": "50000"})
    assert (denied.status_code, denied.json()["denial"]) == (200, "order_notional")
    assert (await admin.get("/api/trades")).json()["orders"] == []
    assert still.sample("investiq_order_denials_total", reason="order_notional") == 0
    assert (await admin.post("/api/trades?dry_run=perhaps", json=BUY)).status_code == 422
    odd = {"Idempotency-Key": "a b"}
    assert (await admin.post("/api/trades?dry_run=true", json=BUY, headers=odd)).status_code == 400
    assert (await admin.post("/api/trades?dry_run=false", json=BUY)).status_code == 400, "an order needs a key"


async def test_an_order_that_says_a_thing_twice_is_refused(admin: httpx2.AsyncClient) -> None:
    body = '{"symbol": "AAPL", "side": "buy", "quantity": "1", "quantity": "1000000"}'
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    refused = await admin.post("/api/trades", content=body, headers=headers)
    assert refused.status_code == 422
    assert "'quantity' is there twice" in refused.json()["detail"]
    assert (await admin.get("/api/trades")).json()["orders"] == []


async def test_no_id_makes_the_server_fail(admin: httpx2.AsyncClient, subtests: pytest.Subtests) -> None:
    for name in ("%00", "%1b", "%ED%A0%80", "a%0ab", "x" * 1000, "%F0%9F%92%A9"):
        with subtests.test(id=name):
            assert (await admin.get(f"/api/trades/{name}")).status_code in (404, 422)
            assert (await admin.delete(f"/api/trades/{name}")).status_code in (404, 422)


async def test_a_method_that_a_path_has_not_is_told_all_that_it_has(admin: httpx2.AsyncClient) -> None:
    refused = await admin.put("/api/trades")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")


async def test_a_denied_order_is_a_conflict_that_carries_the_kept_order(admin: httpx2.AsyncClient) -> None:
    response = await place(admin, {"symbol": "AAPL", "side": "buy", "notional": "50000"})
    problem = response.json()
    assert response.status_code == 409
    assert problem["type"].endswith("order_denied")
    assert problem["denial"] == "order_notional"
    assert problem["order"]["status"] == "denied"
    kept = (await admin.get(f"/api/trades/{problem['order']['id']}")).json()
    assert kept["reason"] == "order_notional"


NO_ORDERS: tuple[Mapping[str, object], ...] = (
    {},
    {"symbol": "AAPL"},
    {**BUY, "side": "short"},
    {**BUY, "notional": "5"},
    {"symbol": "AAPL", "side": "buy"},
    {**BUY, "quantity": "0"},
    {**BUY, "quantity": "-1"},
    {**BUY, "quantity": "NaN"},
    {**BUY, "quantity": "Infinity"},
    {**BUY, "quantity": "1e999999999"},
    {**BUY, "quantity": "1e-999999999"},
    {**BUY, "quantity": "0.00001"},
    {**BUY, "quantity": "1_0"},
    {**BUY, "quantity": "1,0"},
    {**BUY, "quantity": "١٠"},
    {**BUY, "notional": "１０", "quantity": None},
    {**BUY, "quantity": True},
    {**BUY, "quantity": [1]},
    {**BUY, "limit_price": "5"},
    {**BUY, "order_type": "limit"},
    {**BUY, "symbol": "A B"},
    {**BUY, "symbol": "A" * 500},
    {**BUY, "symbol": 5},
    {**BUY, "extra": 1},
)


async def test_what_is_no_order_is_refused_with_the_reason(
    admin: httpx2.AsyncClient, subtests: pytest.Subtests
) -> None:
    for body in NO_ORDERS:
        with subtests.test(body=body):
            response = await place(admin, body)
            assert response.status_code == 422, response.text
            assert response.headers["content-type"] == "application/problem+json"
            assert response.json()["detail"]


async def test_what_is_no_json_is_refused(admin: httpx2.AsyncClient, subtests: pytest.Subtests) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    for content in (b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b'{"symbol":', b"[" * 20_000):
        with subtests.test(content=content[:20]):
            response = await admin.post("/api/trades", content=content, headers=headers)
            assert response.status_code in (400, 422)
            assert response.headers["content-type"] == "application/problem+json"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "symbol": JSON | st.sampled_from(["AAPL", "aapl", "brk.b"]),
        "side": JSON | st.sampled_from(["buy", "sell"]),
        "quantity": JSON | st.decimals().map(str),
        "notional": JSON | st.decimals().map(str),
        "order_type": JSON | st.sampled_from(["market", "limit"]),
        "limit_price": JSON | st.decimals().map(str),
    },
)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=FIELDS | JSON, key=st.uuids())
async def test_no_body_makes_the_server_fail(admin: httpx2.AsyncClient, body: object, key: object) -> None:
    headers = {"Idempotency-Key": str(key), "Content-Type": "application/json"}
    response = await admin.post("/api/trades", content=json.dumps(body).encode(), headers=headers)
    assert response.status_code in (200, 201, 409, 422)


async def test_orders_are_paged_newest_first_and_filtered(admin: httpx2.AsyncClient) -> None:
    for number, symbol in enumerate(("AAPL", "MSFT", "AAPL", "IBM", "AAPL")):
        await place(admin, {**BUY, "symbol": symbol, "quantity": str(number + 1)}, key=str(number))
    first = (await admin.get("/api/trades", params={"limit": 2})).json()
    second = (await admin.get("/api/trades", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    third = (await admin.get("/api/trades", params={"limit": 2, "cursor": second["next_cursor"]})).json()
    quantities = [order["quantity"] for page in (first, second, third) for order in page["orders"]]
    assert quantities == ["5.0000", "4.0000", "3.0000", "2.0000", "1.0000"]
    assert third["next_cursor"] is None
    only = (await admin.get("/api/trades", params={"symbol": "aapl", "status": "accepted"})).json()
    assert [order["quantity"] for order in only["orders"]] == ["5.0000", "3.0000", "1.0000"]


async def test_orders_are_filtered_by_their_days_in_new_york(still: Installation, admin: httpx2.AsyncClient) -> None:
    still.clock.current = datetime(2008, 1, 4, 3, 0, tzinfo=UTC)  # ten in the evening of the third in New York
    await place(admin, BUY)

    async def found(**query: str) -> int:
        return len((await admin.get("/api/trades", params=query)).json()["orders"])

    assert await found(**{"from": "2008-01-03", "to": "2008-01-03", "side": "buy", "by": "local admin"}) == 1
    assert await found(**{"from": "2008-01-04"}) == 0
    assert await found(to="2008-01-02") == 0
    assert await found(to="9999-12-31") == 1
    assert await found(by="agent") == 0


async def test_halts_and_resumes_are_told_newest_first(admin: httpx2.AsyncClient) -> None:
    for verb, reason in (("halt", "odd fills"), ("resume", "explained"), ("halt", "again"), ("resume", "well")):
        await admin.post(f"/api/trading/{verb}", json={"reason": reason})
    first = (await admin.get("/api/trading/halts", params={"limit": 3})).json()
    rest = (await admin.get("/api/trading/halts", params={"cursor": first["next_cursor"]})).json()
    told = [(event["event"], event["reason"], event["note"]) for event in first["events"] + rest["events"]]
    assert told == [
        ("resume", None, "well"),
        ("halt", "manual", "again"),
        ("resume", None, "explained"),
        ("halt", "manual", "odd fills"),
    ]
    assert {(event["by"], event["equity"]) for event in first["events"]} == {("local admin", "100000.0000")}
    assert rest["next_cursor"] is None


async def test_a_wrong_query_is_refused(admin: httpx2.AsyncClient, subtests: pytest.Subtests) -> None:
    wrong = (
        "limit=0",
        "limit=501",
        "limit=1_0",
        "limit=%2B1",
        "cursor=1_0",
        "limit=x",
        "cursor=x",
        "cursor=-1",
        f"cursor={10**30}",
        "status=odd",
        "symbol=%20",
        "side=short",
        "from=yesterday",
        "to=1199318400",
        "from=2008-13-01",
    )
    for query in wrong:
        with subtests.test(query=query):
            assert (await admin.get(f"/api/trades?{query}")).status_code == 422


async def test_an_order_is_cancelled_once(admin: httpx2.AsyncClient) -> None:
    order = (await place(admin, BUY)).json()
    cancelled = await admin.delete(f"/api/trades/{order['id']}")
    assert cancelled.json()["status"] == "cancelled"
    again = await admin.delete(f"/api/trades/{order['id']}")
    assert again.status_code == 409
    assert (await admin.delete("/api/trades/nothing")).status_code == 404


async def test_halted_trading_denies_entries_and_lets_exits_through(
    still: Installation, admin: httpx2.AsyncClient
) -> None:
    await place(admin, BUY)
    next_price(still)
    halted = (await admin.post("/api/trading/halt", json={"reason": "looks odd"})).json()
    assert (halted["halted"], halted["reason"], halted["note"], halted["by"]) == (
        True,
        "manual",
        "looks odd",
        "local admin",
    )
    assert still.sample("investiq_trading_halted") == 1
    denied = await place(admin, BUY, key="k2")
    assert denied.json()["denial"] == "halted"
    sold = await place(admin, {**BUY, "side": "sell"}, key="k3")
    assert sold.status_code == 201
    resumed = (await admin.post("/api/trading/resume", json={"reason": "was nothing"})).json()
    assert (resumed["halted"], resumed["reason"]) == (False, None)


async def test_halt_and_resume_need_a_reason(admin: httpx2.AsyncClient, subtests: pytest.Subtests) -> None:
    for action, reason in product(("halt", "resume"), ("", "  ", None, "x" * 501, "\x00", "a\x1b[2J", "\u202ea")):
        with subtests.test(action=action, reason=reason):
            assert (await admin.post(f"/api/trading/{action}", json={"reason": reason})).status_code == 422
            assert (await admin.post(f"/api/trading/{action}", json={})).status_code == 422


async def test_the_equity_curve_is_ascending(still: Installation, admin: httpx2.AsyncClient) -> None:
    await place(admin, BUY)
    next_price(still)
    still.clock.current = datetime(2008, 1, 3, 21, 30, tzinfo=UTC)
    still.parts.desk.tick()
    points = (await admin.get("/api/account/equity")).json()["points"]
    times = [point["at"] for point in points]
    assert len(set(times)) >= 2
    assert times == sorted(times)
    assert (await admin.get("/api/account/equity", params={"limit": 1})).json()["points"] == points[-1:]

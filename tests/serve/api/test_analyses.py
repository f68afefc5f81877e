"""GET /api/analyses: the page of many symbols over HTTP."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from investiq.clients.api import AsyncInvestIQClient
from tests.serve.api.installation import Installation

ALL = ["AAPL", "AMZN", "GOOG", "IBM", "MSFT"]


@pytest.fixture
async def grown(still: Installation) -> Installation:
    """Far enough on that the engines have their history."""
    still.clock.current += timedelta(days=1500)
    return still


async def test_each_symbol_stands_there_as_its_own_analysis_has_it(grown: Installation) -> None:
    async with grown.client() as client:
        page = (await client.get("/api/analyses")).json()
        assert page.keys() == {"as_of", "session", "symbols", "analyses", "next_cursor"}
        assert page["symbols"] == len(page["analyses"])
        assert page["next_cursor"] is None
        for standing in page["analyses"]:
            analysis = (await client.get(f"/api/analyze/{standing['symbol']}")).json()
            assert standing == {
                "symbol": analysis["symbol"],
                "as_of": analysis["as_of"],
                "price": analysis["price"],
                "signal": analysis["overall"]["signal"],
                "score": analysis["overall"]["score"],
                "confidence": analysis["overall"]["confidence"],
                "coverage": analysis["overall"]["coverage"],
                "missing": {
                    name: engine["reason"] for name, engine in analysis["engines"].items() if engine["status"] != "ok"
                },
            }
    scores = [one["score"] for one in page["analyses"]]
    assert scores == sorted(scores, reverse=True)
    assert grown.sample("investiq_analyses_total") == 2 * page["symbols"]


async def test_the_client_reads_the_pages_of_the_symbols_that_it_names(grown: Installation) -> None:
    transport = httpx2.ASGITransport(grown.app, client=("127.0.0.1", 50_000))
    async with AsyncInvestIQClient(transport=transport) as client:
        first = await client.analyses(["msft", " AAPL", "IBM", "MSFT"], limit=2)
        assert (first["symbols"], len(first["analyses"])) == (3, 2)
        assert first["next_cursor"] is not None
        grown.clock.current += timedelta(minutes=1)
        second = await client.analyses(limit=2, cursor=first["next_cursor"])
    assert second["as_of"] == first["as_of"]
    named = [one["symbol"] for page in (first, second) for one in page["analyses"]]
    assert sorted(named) == ["AAPL", "IBM", "MSFT"]


async def test_a_cursor_of_a_session_that_is_past_is_gone(grown: Installation) -> None:
    async with grown.client() as client:
        cursor = (await client.get("/api/analyses", params={"limit": 1})).json()["next_cursor"]
        grown.clock.current += timedelta(days=5)
        answer = await client.get("/api/analyses", params={"cursor": cursor})
    assert answer.status_code == 409
    assert answer.json()["reason"] == "cursor_expired"
    assert "begin again without a cursor" in answer.json()["detail"]


async def test_unknown_symbols_are_named(local: httpx2.AsyncClient) -> None:
    answer = await local.get("/api/analyses", params={"symbols": "AAPL,NOPE,ZZZ"})
    assert answer.status_code == 404
    assert (answer.json()["reason"], answer.json()["symbols"]) == ("unknown_symbols", ["NOPE", "ZZZ"])
    assert "no prices for NOPE, ZZZ" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"symbols": ""}, "'' is not a symbol"),
        ({"symbols": "AAPL,"}, "'' is not a symbol"),
        ({"symbols": "AAPL,1X"}, "'1X' is not a symbol"),
        ({"limit": "0"}, "query.limit"),
        ({"limit": "1001"}, "query.limit"),
        ({"limit": "+5"}, "query.limit"),
        ({"symbols": ",".join(f"A{number}" for number in range(1001))}, "1001 symbols are too many"),
    ],
)
async def test_what_is_no_question_is_refused_with_the_reason(
    local: httpx2.AsyncClient, query: dict[str, str], says: str
) -> None:
    answer = await local.get("/api/analyses", params=query)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


async def test_without_a_key_another_machine_reads_nothing(remote: httpx2.AsyncClient) -> None:
    assert (await remote.get("/api/analyses")).status_code == 401

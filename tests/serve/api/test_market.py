"""Market, symbols, bars and analysis through HTTP, on the shipped prices."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.chance import examples
from tests.serve.api.installation import Installation


async def test_the_market_says_where_it_stands(still: Installation, local: httpx2.AsyncClient) -> None:
    market = (await local.get("/api/market")).json()
    assert market["now"] == "2008-01-03T17:00:00Z"
    assert (market["phase"], market["session"], market["provider"]) == ("open", "2008-01-03", "replay")
    assert market["next_open"] == "2008-01-04T14:30:00Z"
    assert 0 < market["data_age_seconds"] < 23_400


async def test_before_the_first_price_there_is_no_age(still: Installation, local: httpx2.AsyncClient) -> None:
    still.clock.current = datetime(1999, 1, 5, 15, 0, tzinfo=UTC)
    assert (await local.get("/api/market")).json()["data_age_seconds"] is None
    assert (await local.get("/api/symbols")).json() == {"symbols": [], "refused": [], "next_cursor": None}


async def test_symbols_are_those_with_a_price_by_now(local: httpx2.AsyncClient) -> None:
    symbols = {entry["symbol"]: entry for entry in (await local.get("/api/symbols")).json()["symbols"]}
    assert list(symbols) == ["AAPL", "GOOG", "IBM", "MSFT"]  # FB came in 2012
    assert symbols["AAPL"]["last_session"] == "2008-01-02"
    assert symbols["AAPL"]["first_session"] == "2000-03-01"
    assert symbols["AAPL"]["last_price_at"] <= "2008-01-03T17:00:00Z"


async def test_the_listing_follows_each_price(still: Installation, local: httpx2.AsyncClient) -> None:
    seen = []
    for hour in (17, 17, 20, 22):  # in the session, the same, later, and after its close
        still.clock.current = datetime(2008, 1, 3, hour, 30, tzinfo=UTC)
        listed = (await local.get("/api/symbols", params={"limit": 1})).json()["symbols"][0]
        assert listed["last_price_at"] <= still.clock.current.isoformat().replace("+00:00", "Z")
        seen.append((listed["last_price"], listed["last_price_at"], listed["last_session"]))
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3
    assert [session for *_, session in seen] == ["2008-01-02"] * 3 + ["2008-01-03"]


async def test_pages_of_symbols_join_without_gap_or_overlap(local: httpx2.AsyncClient) -> None:
    whole = (await local.get("/api/symbols")).json()
    joined, cursor = [], None
    while True:
        params = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = (await local.get("/api/symbols", params=params)).json()
        joined += page["symbols"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["symbols"]) == 3
    assert joined == whole["symbols"]
    assert whole["next_cursor"] is None


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "5001"}, {"limit": "x"}, {"cursor": "no symbol"}])
async def test_a_page_of_symbols_that_cannot_be(local: httpx2.AsyncClient, params: dict[str, str]) -> None:
    assert (await local.get("/api/symbols", params=params)).status_code == 422


async def test_bars_without_a_start_are_the_latest(local: httpx2.AsyncClient) -> None:
    page = (await local.get("/api/bars/aapl", params={"limit": 2})).json()
    assert page["symbol"] == "AAPL"
    assert [bar["session"] for bar in page["bars"]] == ["2007-12-31", "2008-01-02"]
    assert page["next_cursor"] is None
    assert all(isinstance(page["bars"][0][name], str) for name in ("open", "high", "low", "close"))


async def test_pages_of_bars_join_without_gap_or_overlap(local: httpx2.AsyncClient) -> None:
    query = {"from": "2007-12-01", "to": "2007-12-31"}
    whole = (await local.get("/api/bars/IBM", params={**query, "limit": 100})).json()["bars"]
    joined, cursor = [], None
    while True:
        params = {**query, "limit": "7"} | ({"cursor": cursor} if cursor else {})
        page = (await local.get("/api/bars/IBM", params=params)).json()
        joined += page["bars"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert joined == whole
    assert len(whole) == 20


async def test_a_page_that_ends_with_the_last_bar_has_no_next(local: httpx2.AsyncClient) -> None:
    page = (await local.get("/api/bars/IBM", params={"from": "2007-12-31", "limit": 2})).json()
    assert [bar["session"] for bar in page["bars"]] == ["2007-12-31", "2008-01-02"]
    assert page["next_cursor"] is None


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.dates() | st.none(),
    end=st.dates() | st.none(),
    limit=st.integers(1, 5000),
    symbol=st.sampled_from(["AAPL", "GOOG"]),
)
async def test_no_question_shows_a_bar_of_the_future(
    local: httpx2.AsyncClient, start: object, end: object, limit: int, symbol: str
) -> None:
    params = {"limit": str(limit)} | ({"from": str(start)} if start else {}) | ({"to": str(end)} if end else {})
    response = await local.get(f"/api/bars/{symbol}", params=params)
    assert response.status_code == 200
    sessions = [bar["session"] for bar in response.json()["bars"]]
    assert len(sessions) <= limit
    assert sessions == sorted(set(sessions))
    assert all(session < "2008-01-03" for session in sessions)


async def test_wrong_questions_about_bars_are_refused(local: httpx2.AsyncClient, subtests: pytest.Subtests) -> None:
    for query in (
        "limit=0",
        "limit=5001",
        "limit=1_0",
        "limit=-1",
        "from=yesterday",
        "from=0",
        "to=1e9",
        "cursor=20080102",
        "to=2008-02-30",
        "cursor=zzz",
    ):
        with subtests.test(query=query):
            response = await local.get(f"/api/bars/AAPL?{query}")
            assert response.status_code == 422
            assert response.json()["errors"]


@pytest.mark.parametrize("path", ["/api/analyze/", "/api/bars/"])
async def test_an_unknown_symbol_is_404_with_the_nearest_known(local: httpx2.AsyncClient, path: str) -> None:
    response = await local.get(f"{path}AAPPL")
    assert response.status_code == 404
    problem = response.json()
    assert problem["reason"] == "unknown_symbol"
    assert problem["suggestions"][0] == "AAPL"


async def test_a_symbol_of_the_future_is_unknown(local: httpx2.AsyncClient) -> None:
    assert (await local.get("/api/analyze/FB")).status_code == 404


async def test_what_cannot_be_a_symbol_is_422(local: httpx2.AsyncClient, subtests: pytest.Subtests) -> None:
    for text in ("A%20B", "%00", "%C3%9F", "%C4%B1BM", "1A", "A" * 400, "%F0%9F%92%A9", "A..B", "-"):
        with subtests.test(text=text):
            response = await local.get(f"/api/analyze/{text}")
            assert response.status_code == 422
            assert response.json()["reason"] == "malformed_symbol"


async def test_an_analysis_says_what_is_missing(still: Installation, local: httpx2.AsyncClient) -> None:
    analysis = (await local.get("/api/analyze/AAPL")).json()
    engines = analysis["engines"]
    assert {name: e["status"] for name, e in engines.items()} == {
        "technical": "ok",
        "quantitative": "ok",
        "signal": "unavailable",  # its service does not run here
        "sentiment": "unavailable",
        "fundamental": "unavailable",
    }
    assert all(e["reason"] for e in engines.values() if e["status"] != "ok")
    assert analysis["overall"]["coverage"] == 0.5
    assert sum(analysis["overall"]["weights"].values()) == pytest.approx(1)
    assert still.sample("investiq_analyses_total") == 1

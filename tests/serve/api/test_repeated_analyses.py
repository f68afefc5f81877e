"""An analysis that is answered from what is kept is what the route itself would say, to the last header."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from investiq.foundation.store import DatabaseUnavailable
from investiq.foundation.vocabulary import Access
from investiq.invest import wiring
from investiq.invest.analysis.orchestrator import Orchestrator
from investiq.invest.market.provider import UnknownSymbol
from investiq.invest.market.types import Symbol
from investiq.serve.api.app import create_app
from investiq.serve.api.keys import KeyStore
from investiq.serve.api.repeated_analyses import RepeatedAnalyses
from tests.serve.api.installation import BASE, NOON, Installation, install, not_running
from tests.serve.api.models import Models

PATH = "/api/analyze/AAPL"
COUNT = "investiq_request_duration_milliseconds_count"


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
async def served(data_dir: Path, models: Models, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Installation]:
    """A server whose analysis of AAPL is kept."""
    client = models.client()
    monkeypatch.setattr(wiring, "build_signal_client", lambda _config: client)
    async with not_running(install(data_dir)) as made:
        await client.check_health()  # as the API does every two seconds
        await made.parts.orchestrator.analyze(Symbol("AAPL"))
        yield made


def without_the_layer(served: Installation) -> FastAPI:
    """The same server, but its route answers everything."""
    app = create_app(served.parts)
    app.user_middleware[:] = [
        layer for layer in app.user_middleware if getattr(layer.cls, "__name__", "") != RepeatedAnalyses.__name__
    ]
    return app


async def told(served: Installation, app: FastAPI, request: dict[str, Any], address: str = "127.0.0.1") -> Any:
    """Status, headers in their order, body and the series that counted the request."""
    before = counts(served)
    transport = httpx2.ASGITransport(app, client=(address, 50_000), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
        answer = await client.request(**{"method": "GET", "url": PATH, **request})
    headers = [pair for pair in answer.headers.multi_items() if pair[0] not in ("x-request-id", "ratelimit")]
    body = answer.content.replace(answer.headers["x-request-id"].encode(), b"its id")
    counted = {series: count for series, count in counts(served).items() if count != before.get(series, 0)}
    return answer.status_code, headers, body, [*answer.headers], list(counted)


def counts(served: Installation) -> dict[tuple[str, ...], float]:
    families = served.parts.metrics.registry.collect()
    samples = (sample for family in families for sample in family.samples if sample.name == COUNT)
    return {tuple(sample.labels.values()): sample.value for sample in samples}


REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "head": {"method": "HEAD"},
    "options": {"method": "OPTIONS"},
    "post": {"method": "POST"},
    "post with a body": {"method": "POST", "json": {"a": 1}},
    "delete": {"method": "DELETE"},
    "unknown method": {"method": "BREW"},
    "lower case": {"url": "/api/analyze/aapl"},
    "percent-encoded": {"url": "/api/analyze/%41APL"},
    "blanks around it": {"url": "/api/analyze/%20AAPL%20"},
    "unknown symbol": {"url": "/api/analyze/NOPE"},
    "no symbol": {"url": "/api/analyze/"},
    "not a symbol": {"url": "/api/analyze/%00"},
    "slash behind": {"url": "/api/analyze/AAPL/"},
    "slash before": {"url": "//api/analyze/AAPL"},
    "encoded slash": {"url": "/api/analyze/AAPL%2FAAPL"},
    "twice": {"url": "/api/analyze/api/analyze/AAPL"},
    "other case of the path": {"url": "/API/analyze/AAPL"},
    "unknown parameters": {"url": f"{PATH}?symbol=IBM&x=%00"},
    "get with a body": {"content": b'{"a": 1}'},
    "get with json that is refused": {"content": b'{"a": 1, "a": 2}'},
    "get with too large a body": {"content": b"x" * 100_000},
    "its own request id": {"headers": {"X-Request-ID": "its"}},
    "foreign host": {"headers": {"Host": "evil.example"}},
    "page of another site": {"headers": {"Origin": "http://evil.example"}},
    "sent by a page": {"headers": {"Sec-Fetch-Site": "cross-site"}},
    "through a proxy": {"headers": {"X-Forwarded-For": "192.0.2.7"}},
    "wrong key": {"headers": {"Authorization": "Bearer iq_nobodys"}},
    "other scheme": {"headers": {"Authorization": "Basic eDp5"}},
    "html wanted": {"headers": {"Accept": "text/html"}},
    "conditional": {"headers": {"If-None-Match": "*", "Range": "bytes=0-1"}},
}


async def test_it_says_what_the_route_says(served: Installation, subtests: pytest.Subtests) -> None:
    ordinary = without_the_layer(served)
    for name, address in product(REQUESTS, ("127.0.0.1", "192.0.2.7")):
        with subtests.test(name, address=address):
            said = await told(served, served.app, REQUESTS[name], address)
            assert said == await told(served, ordinary, REQUESTS[name], address)


async def test_the_route_is_not_asked_for_what_is_kept(served: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the comparison above would compare the route with itself."""

    async def analyze(self: Orchestrator, symbol: Symbol) -> None:
        raise UnknownSymbol(symbol)

    monkeypatch.setattr(Orchestrator, "analyze", analyze)
    async with served.client() as client:
        assert (await client.get(PATH)).json()["symbol"] == "AAPL"
        assert (await client.get("/api/analyze/aapl")).status_code == 404


async def test_each_answer_has_its_own_price_and_time_and_is_counted(served: Installation) -> None:
    ordinary, analyses = without_the_layer(served), served.sample("investiq_analyses_total")
    seen, moments = set(), 0
    for minutes in (0, 1, 100, 101, 200, 300, 301, 500, 1_300, 1_320, 1_321, 1_500):  # until the next session is open
        served.clock.current = NOON + timedelta(minutes=minutes)
        for _ in range(2):
            _, _, body, *_ = said = await told(served, served.app, {})
            assert said == await told(served, ordinary, {})
        seen.add((json.loads(body)["price"], json.loads(body)["engines"]["technical"]["as_of"]))
        assert json.loads(body)["as_of"] == served.clock.current.isoformat().replace("+00:00", "Z")
        moments += 1
    assert len(seen) > 3, "neither prices nor sessions have changed meanwhile"
    assert served.sample("investiq_analyses_total") == analyses + 4 * moments
    for engine in ("technical", "quantitative", "signal"):
        results = served.sample("investiq_engine_results_total", engine=engine, status="ok")
        assert results == analyses + 4 * moments


async def test_a_key_is_verified_each_time(served: Installation) -> None:
    keys = KeyStore(served.parts.store)
    key, secret = keys.create("reader", Access.READ)
    request = {"headers": {"Authorization": f"Bearer {secret}"}}
    assert (await told(served, served.app, request, "192.0.2.7"))[0] == 200
    keys.revoke(key.id)
    anew = create_app(served.parts)  # it believes nothing from before
    assert (await told(served, anew, request, "192.0.2.7"))[0] == 401


async def test_a_model_that_is_replaced_is_asked(served: Installation, models: Models) -> None:
    async with served.client() as client:
        for version in ("two", "three"):
            models.version = version
            await served.parts.signals.check_health()
            for _ in range(2):
                metrics = (await client.get(PATH)).json()["engines"]["signal"]["metrics"]
                assert metrics["model_version"] == version


async def test_a_halt_changes_nothing(served: Installation) -> None:
    before = await told(served, served.app, {})
    served.parts.desk.halt("to see", "somebody")
    assert await told(served, served.app, {}) == before


async def test_a_clock_that_cannot_be_read_is_told_as_ever(
    served: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise DatabaseUnavailable("it does not answer")

    monkeypatch.setattr(served.clock, "now", broken)
    said = await told(served, served.app, {})
    assert said == await told(served, without_the_layer(served), {})
    assert said[0] == 503

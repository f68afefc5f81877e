"""/metrics: complete from the first scrape, clean, and of bounded size."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.telemetry import catalogue
from investiq.foundation.vocabulary import Dependency, Part
from investiq.monitoring.slo.builtin import ANALYSIS_ROUTE
from tests.serve.api.installation import NOON, Installation, install, not_running, running

CONTRACT = {
    "investiq_requests": "counter",
    "investiq_errors": "counter",
    "investiq_request_duration_milliseconds": "histogram",
    "investiq_trades": "counter",
    "investiq_analyses": "counter",
    "investiq_active_connections": "gauge",
    "investiq_trading_halted": "gauge",
    "investiq_dependency_health": "gauge",
}
KNOWN_COMPLAINT = 'investiq_request_duration_milliseconds use base unit "seconds" instead of "milliseconds"'
"""The name is a contract, older than this rule of thumb."""


async def test_the_contract_is_there_with_the_first_scrape(local: httpx2.AsyncClient) -> None:
    text = (await local.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {name: families[name].type for name in CONTRACT} == CONTRACT
    assert all(families[name].samples for name in CONTRACT)
    bounds = {s.labels["le"] for s in families["investiq_request_duration_milliseconds"].samples if "le" in s.labels}
    assert {"10.0", "50.0", "100.0", "250.0", "500.0", "1000.0", "2500.0", "5000.0"} <= bounds
    health = {sample.labels["name"] for sample in families["investiq_dependency_health"].samples}
    assert health == set(Dependency)


async def test_every_metric_of_the_catalogue_is_exposed(local: httpx2.AsyncClient) -> None:
    text = (await local.get("/metrics")).text
    exposed = {family.name for family in text_string_to_metric_families(text)}
    assert {metric.name.removesuffix("_total") for metric in catalogue.of_part(Part.API)} <= exposed


@pytest.mark.parametrize("accept", ["", "text/plain", "application/openmetrics-text; version=1.0.0; charset=utf-8"])
async def test_the_content_type_is_what_the_scraper_asked_for(local: httpx2.AsyncClient, accept: str) -> None:
    response = await local.get("/metrics", headers={"Accept": accept})
    wanted = "application/openmetrics-text" if "openmetrics" in accept else "text/plain"
    assert response.headers["content-type"].startswith(wanted)
    assert response.headers["content-type"].count(";") >= 1


async def test_promtool_is_content(local: httpx2.AsyncClient, admin: httpx2.AsyncClient) -> None:
    await local.get("/api/analyze/AAPL")
    await admin.post(
        "/api/trades", json={"symbol": "AAPL", "side": "buy", "quantity": "1"}, headers={"Idempotency-Key": "k"}
    )
    text = (await local.get("/metrics")).text
    command = ["/usr/bin/promtool", "check", "metrics"]
    run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    complaints = (run.stdout + run.stderr).strip().splitlines()
    assert complaints == [KNOWN_COMPLAINT]


async def test_requests_errors_and_durations_are_counted(
    still: Installation, local: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await local.get("/api/market")

    def crash() -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(still.parts.market, "state", crash)
    response = await local.get("/api/market")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "nobody foresaw this" not in response.text
    assert still.sample("investiq_requests_total") == 2
    assert still.sample("investiq_errors_total") == 1
    name = "investiq_request_duration_milliseconds_count"
    assert still.sample(name, endpoint="/api/market", method="GET", status="200") == 1
    assert still.sample(name, endpoint="/api/market", method="GET", status="500") == 1


ROUTES = (
    "/health",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/api/market",
    "/api/symbols",
    "/api/bars/AAPL",
    "/api/analyze/AAPL",
    "/api/trades",
    "/api/trades/x",
    "/api/positions",
    "/api/account",
    "/api/account/equity",
    "/api/trading/status",
    "/api/trading/halt",
    "/api/trading/resume",
    "/api/checklist",
    "/api/checklist/sign-offs",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW")

STRIKES = 750
"""By then, so many requests have been sent that both rate limits strike."""

Kind = Callable[[int], dict[str, Any]]
"""Makes the nth request of a kind: arguments for `client.request`."""


def odd_kinds() -> list[Kind]:
    """What clients get wrong or make up, different each time."""

    def symbol(n: int) -> str:
        return "".join(chr(65 + n // 26**place % 26) for place in range(2 + n % 4))

    order = {"symbol": "AAPL", "side": "buy", "quantity": "0.01"}
    return [
        lambda n: {"method": "GET", "url": f"/unknown/{n % 1000}"},
        lambda n: {"method": "POST", "url": f"/unknown/{n % 1000}"},
        lambda n: {"method": "GET", "url": f"/api/analyze/{symbol(n % 500)}"},
        lambda n: {"method": "GET", "url": f"/api/bars/{symbol(n % 500)}"},
        lambda n: {"method": "GET", "url": f"/api/bars/AAPL?limit=x{n}"},
        lambda n: {"method": "GET", "url": f"/api/analyze/%00{n}"},
        lambda n: {"method": "GET", "url": f"/api/bars/%00{n}"},
        lambda n: {"method": f"VERB{n}", "url": "/api/market"},
        lambda n: {"method": "GET", "url": "/api/market", "headers": {"Host": f"h{n}.example"}},
        lambda n: {"method": "GET", "url": "/api/market", "headers": {"Authorization": f"Bearer {n}"}},
        lambda n: {"method": "GET", "url": "/metrics", "headers": {"Authorization": f"Bearer {n}"}},
        lambda n: {"method": "POST", "url": "/api/trades", "content": b"{" * n},
        lambda n: {"method": "POST", "url": "/api/trades", "content": b"x" * 70_000},
        lambda n: {"method": "POST", "url": "/api/trades", "json": {}, "headers": {"Idempotency-Key": f"e{n}"}},
        lambda n: {"method": "POST", "url": "/api/trades", "json": order, "headers": {"Idempotency-Key": f"k{n}"}},
        lambda n: {"method": "POST", "url": "/api/trades", "json": order, "headers": {"Idempotency-Key": "again"}},
        lambda n: {"method": "POST", "url": "/api/trading/halt", "headers": {"Origin": f"http://h{n}.example"}},
    ]


def plain_kinds() -> list[Kind]:
    """Every method on every route."""

    def kind(method: str, route: str) -> Kind:
        return lambda n: {"method": method, "url": route, "headers": {"Idempotency-Key": f"p{n}"}}

    return [kind(method, route) for method in METHODS for route in ROUTES]


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that rate limits go by, set by the test: how many requests fit into a minute is up to no machine."""
    now = [time.monotonic()]
    set_time = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("investiq.serve.api.rate_limit.time", set_time)
    return now


async def test_the_market_is_told_in_its_own_time(data_dir: Path) -> None:
    installation = install(data_dir)
    installation.clock.session_seconds = 30.0
    async with running(installation):
        assert installation.sample("investiq_market_timestamp_seconds") == NOON.timestamp()
        assert installation.sample("investiq_market_speed_ratio") == 780
        assert installation.sample("investiq_market_data_age_limit_seconds") == 23_400
        async with installation.client() as client:
            document = (await client.get("/api/market")).json()
        assert installation.sample("investiq_market_open_time_seconds") == document["open_seconds"]


async def test_the_number_of_series_stops_growing_once_each_kind_was_answered_and_refused(
    data_dir: Path, seconds: list[float]
) -> None:
    """Of 1,500 requests of all kinds; each kind is among the first 200, and again once the rate limits strike."""
    made = install(data_dir, ApiConfig(requests_per_minute=400, trades_per_minute=25))
    odd = odd_kinds()
    kinds = plain_kinds() + odd + odd[-3:-1]  # an order that is sent again needs one that went before
    assert len(kinds) <= 200
    choose = random.Random(2)  # noqa: S311  the same choices in every run
    async with not_running(made), made.client(headers=made.bearer()) as client:

        def series() -> int:
            return sum(len(family.samples) for family in made.parts.metrics.registry.collect())

        statuses = Counter[int]()
        for number in range(1_500):
            turn = number % STRIKES
            kind = kinds[turn] if turn < len(kinds) else choose.choice(odd if number % 10 else kinds)
            seconds[0] += 0.005
            response = await client.request(**kind(number))
            statuses[response.status_code] += 1
            if number == STRIKES + 199:
                settled = series()
        assert series() == settled
    for limit in ("requests", "trades"):
        assert made.sample("investiq_rate_limited_total", limit=limit) > 0
    assert {200, 201, 400, 401, 403, 404, 405, 413, 421, 422, 429} <= set(statuses)
    assert 500 not in statuses


async def test_analyses_are_observed_under_the_route_that_their_slo_counts(
    still: Installation, local: httpx2.AsyncClient
) -> None:
    await local.get("/api/analyze/AAPL")
    observed = {"endpoint": ANALYSIS_ROUTE, "method": "GET", "status": "200"}
    assert still.sample(f"{catalogue.REQUEST_DURATION.name}_count", **observed) == 1

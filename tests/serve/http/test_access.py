"""Who may read /health and /metrics of each server: the rule itself, and what the five servers answer by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import Scope

from investiq.foundation.config import Config
from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.agent import app as agent
from investiq.serve.http.access import HEALTH_PATH, METRICS_PATH, READERS, USUAL, MonitoringAccess
from investiq.serve.inbox import app as inbox
from investiq.serve.signals import app as signals
from investiq.serve.web import app as web
from tests.serve.api.installation import install
from tests.serve.web.fakes import Stand

TOKEN = "s3cret-token"
LOCAL, ELSEWHERE = "127.0.0.1", "192.0.2.7"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
WRONG = {"Authorization": "Bearer s3cret-toke"}
PROXIED = {"X-Forwarded-For": LOCAL}

OPEN = {200, 503}
"""503 is the answer too: nothing runs here that could be healthy."""


def _request(path: str, address: str | None = LOCAL, method: str = "GET", **headers: str) -> Scope:
    named = {"host": "localhost", **headers}
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
    return {"path": path, "method": method, "client": (address, 50_000) if address else None, "headers": fields}


def _access(part: Part, token: str | None = TOKEN) -> MonitoringAccess:
    return MonitoringAccess(part, ApiConfig(metrics_token=SecretStr(token) if token else None))


def test_the_rule_names_every_server_and_both_paths() -> None:
    assert Part.WEB not in READERS
    assert all(set(readers) == {HEALTH_PATH, METRICS_PATH} for readers in [USUAL, *READERS.values()])


@pytest.mark.parametrize("part", list(Part))
@pytest.mark.parametrize(
    ("address", "authorization", "allowed"),
    [
        (LOCAL, None, True),
        ("::1", None, True),
        ("::ffff:127.0.0.1", None, True),
        (ELSEWHERE, None, False),
        ("no address", None, False),
        (None, None, False),
        (ELSEWHERE, f"Bearer {TOKEN}", True),
        (ELSEWHERE, f"bearer {TOKEN}", True),
        (None, f"Bearer {TOKEN}", True),
        (LOCAL, "Bearer wrong", False),
        (LOCAL, "Bearer ", False),
        (LOCAL, f"Basic {TOKEN}", False),
        (LOCAL, "", False),
    ],
)
def test_metrics_are_for_the_token_and_for_trusted_networks(
    part: Part, address: str | None, authorization: str | None, allowed: bool
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    assert _access(part).allows(_request(METRICS_PATH, address, **headers)) is allowed


def test_two_credentials_are_none() -> None:
    scope = _request(METRICS_PATH, authorization=f"Bearer {TOKEN}")
    scope["headers"] += [(b"authorization", f"Bearer {TOKEN}".encode())]
    assert not _access(Part.WEB).allows(scope)


@pytest.mark.parametrize("header", ["forwarded", "via", "x_real_ip", "x_forwarded_for", "cf_connecting_ip"])
def test_what_a_proxy_passes_on_is_not_trusted_but_its_token_is(header: str) -> None:
    access = _access(Part.WEB)
    assert not access.allows(_request(METRICS_PATH, **{header: LOCAL}))
    assert access.allows(_request(METRICS_PATH, **{header: LOCAL, "authorization": f"Bearer {TOKEN}"}))


def test_without_a_token_configured_no_credential_is_right() -> None:
    for authorization in ("Bearer ", "Bearer", f"Bearer {TOKEN}"):
        assert not _access(Part.API, None).allows(_request(METRICS_PATH, authorization=authorization))


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("localhost", True),
        ("LOCALHOST.:3000", True),
        ("127.0.0.1:3000", True),
        ("127.8.9.10", True),
        ("[::1]:3000", True),
        ("invest.example.org", False),
        ("192.0.2.1", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_on_this_machine_only_its_own_names_are_trusted(host: str, trusted: bool) -> None:
    assert _access(Part.API).reads_from_trusted_network(_request("/api/market", host=host)) is trusted
    assert _access(Part.WEB).allows(_request(METRICS_PATH, host=host)) is trusted


@pytest.mark.parametrize("header", ["x_request_id", "accept", "x_prometheus_scrape_timeout_seconds", "cookie"])
def test_what_every_client_sends_is_no_sign_of_a_proxy(header: str) -> None:
    assert _access(Part.WEB).allows(_request(METRICS_PATH, **{header: "4"}))


def test_a_trusted_network_may_read_and_nothing_else() -> None:
    access = MonitoringAccess(Part.API, ApiConfig(trusted_networks=(ip_network("192.0.2.0/24"),)))
    assert access.reads_from_trusted_network(_request("/api/market", ELSEWHERE, host="192.0.2.1:3000"))
    assert not access.reads_from_trusted_network(_request("/api/market", ELSEWHERE, host="invest.example.org"))
    assert not access.reads_from_trusted_network(_request("/api/trades", ELSEWHERE, "POST"))
    assert not access.reads_from_trusted_network(_request("/api/market", LOCAL))


def test_the_health_of_the_api_is_for_whom_it_has_identified() -> None:
    scope = _request(HEALTH_PATH)
    assert not _access(Part.API).allows(scope)
    assert _access(Part.API).allows({**scope, "caller": "somebody"})


@pytest.fixture(params=list(Part))
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Part, FastAPI]]:
    part: Part = request.param
    api = ApiConfig(metrics_token=SecretStr(TOKEN))
    config = Config(data_dir=tmp_path / "data", api=api)
    if part is Part.API:
        installation = install(tmp_path / "data", api)
        yield part, installation.app
        await installation.parts.aclose()
    elif part is Part.WEB:
        yield part, web.create_app(config, Stand().transports)
    else:
        module = {Part.SIGNALS: signals, Part.AGENT: agent, Part.INBOX: inbox}[part]
        yield part, module.create_app(config, Metrics(part))


async def _status(app: FastAPI, path: str, address: str, headers: dict[str, str]) -> int:
    transport = httpx2.ASGITransport(app, client=(address, 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return (await client.get(path, headers=headers)).status_code


async def test_a_scraper_on_this_machine_needs_nothing(server: tuple[Part, FastAPI]) -> None:
    _, app = server
    assert await _status(app, "/metrics", LOCAL, {}) == 200
    assert await _status(app, "/metrics", LOCAL, RIGHT) == 200
    assert await _status(app, "/health", LOCAL, {}) in OPEN


async def test_strangers_read_no_metrics_without_the_token(server: tuple[Part, FastAPI]) -> None:
    part, app = server
    for address, headers in ((ELSEWHERE, {}), (LOCAL, PROXIED), (LOCAL, WRONG)):
        assert await _status(app, "/metrics", address, headers) == 401, (address, headers)
        health = await _status(app, "/health", address, headers)
        assert health == 401 if part is Part.API else health in OPEN
    assert await _status(app, "/metrics", ELSEWHERE, RIGHT | PROXIED) == 200


async def test_a_refusal_says_what_is_needed(server: tuple[Part, FastAPI]) -> None:
    _, app = server
    transport = httpx2.ASGITransport(app, client=(ELSEWHERE, 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/metrics")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="investiq"')
    assert answer.json()["reason"] == "unauthorised"
    assert "METRICS_TOKEN" in answer.json()["detail"]

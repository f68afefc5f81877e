"""Who is let in, and with what."""

from __future__ import annotations

import asyncio
import stat
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import event

from investiq.foundation.config import Paths
from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.vocabulary import Access
from investiq.serve.api.keys import KeyStore, UnusableKeyFile, provide_key_files
from tests.serve.api.installation import Installation, install, not_running, running

READABLE = ("/health", "/metrics", "/api/market", "/api/trading/status", "/docs", "/openapi.json")
FORWARDING = [
    *("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Via"),
    *("CF-Connecting-IP", "CF-Ray", "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP", "Fly-Client-IP"),
    *("Fastly-Client-IP", "X-Azure-ClientIP", "X-Envoy-External-Address", "X-Appengine-User-IP", "CDN-Loop"),
    *("X-Original-Forwarded-For", "X-Amzn-Trace-Id", "Client-IP", "X-Remote-Addr", "Proxy-Client-IP"),
]
WRONG = (
    "Bearer iq_" + "A" * 43,
    "Bearer ",
    "Bearer",
    "",
    "Basic dXNlcjpwYXNz",
    "iq_",
    "Bearer iq_ä",
    "Bearer " + "x" * 5000,
)
ORDER = {"symbol": "AAPL", "side": "buy", "quantity": "1"}


async def test_reading_from_loopback_needs_no_key(local: httpx2.AsyncClient, subtests: pytest.Subtests) -> None:
    for path in READABLE:
        with subtests.test(path=path):
            assert (await local.get(path)).status_code in (200, 503)  # nothing has checked the dependencies here


async def test_from_elsewhere_everything_needs_a_key(remote: httpx2.AsyncClient, subtests: pytest.Subtests) -> None:
    for path in (*READABLE, "/nothing/here"):
        with subtests.test(path=path):
            response = await remote.get(path)
            assert response.status_code == 401
            assert response.headers["www-authenticate"].startswith("Bearer ")
            assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
async def test_every_form_of_loopback_is_trusted(still: Installation, address: str) -> None:
    async with still.client(address) as client:
        assert (await client.get("/api/market")).status_code == 200


@pytest.mark.parametrize("address", ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "testclient"])
async def test_other_addresses_are_not_trusted(still: Installation, address: str) -> None:
    async with still.client(address) as client:
        assert (await client.get("/api/market")).status_code == 401


async def test_a_forwarded_request_never_counts_as_loopback(
    local: httpx2.AsyncClient, subtests: pytest.Subtests
) -> None:
    for header, path in product(FORWARDING, ("/api/market", "/metrics", "/health")):
        with subtests.test(header=header, path=path):
            assert (await local.get(path, headers={header: "127.0.0.1"})).status_code == 401


async def test_a_name_that_is_known_outside_never_counts_as_loopback(data_dir: Path, subtests: pytest.Subtests) -> None:
    made = install(data_dir, ApiConfig(hostnames=("invest.example.org",)))
    async with not_running(made), made.client() as client:
        for path in ("/api/market", "/metrics", "/health"):
            with subtests.test(path=path):
                assert (await client.get(path, headers={"Host": "invest.example.org"})).status_code == 401
        headers = {"Host": "invest.example.org", **made.bearer()}
        assert (await client.get("/api/market", headers=headers)).status_code == 200


async def test_loopback_alone_may_change_nothing(local: httpx2.AsyncClient, subtests: pytest.Subtests) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
        with subtests.test(method=method):
            assert (await local.request(method, "/api/trades")).status_code == 401


async def test_a_wrong_credential_is_refused_also_on_loopback(
    local: httpx2.AsyncClient, subtests: pytest.Subtests
) -> None:
    for value, path in product(WRONG, ("/api/market", "/metrics", "/health")):
        with subtests.test(value=value, path=path):
            response = await local.get(path, headers={b"Authorization": value.encode("utf-8")})
            assert response.status_code == 401


async def test_two_credentials_are_refused(local: httpx2.AsyncClient, still: Installation) -> None:
    both = [("Authorization", f"Bearer {still.admin_key}"), ("Authorization", "Bearer iq_other")]
    assert (await local.get("/api/market", headers=both)).status_code == 401


async def test_a_key_lets_in_from_anywhere(still: Installation, remote: httpx2.AsyncClient) -> None:
    headers = {**still.bearer(), "X-Forwarded-For": "203.0.113.5"}
    assert (await remote.get("/api/market", headers=headers)).status_code == 200


async def test_a_revoked_key_stops_working(still: Installation, remote: httpx2.AsyncClient) -> None:
    store = KeyStore(still.parts.store)
    key, secret = store.create("visitor", Access.READ)
    store.revoke(key.id)
    assert (await remote.get("/api/market", headers=still.bearer(secret))).status_code == 401


async def test_a_key_stops_working_when_it_expires(still: Installation, remote: httpx2.AsyncClient) -> None:
    store = KeyStore(still.parts.store)
    _, lasting = store.create("visitor", Access.READ, timedelta(days=90))
    _, ended = store.create("visitor", Access.READ, timedelta(0))
    assert (await remote.get("/api/market", headers=still.bearer(lasting))).status_code == 200
    assert (await remote.get("/api/market", headers=still.bearer(ended))).status_code == 401
    assert store.verify(ended.encode()) is None


async def test_the_last_use_of_a_key_is_kept_and_once_a_minute_is_enough(
    still: Installation, remote: httpx2.AsyncClient
) -> None:
    key, secret = KeyStore(still.parts.store).create("visitor", Access.READ)
    written: list[str] = []
    event.listen(still.parts.store, "before_cursor_execute", lambda *call: written.append(call[2]))
    for _ in range(5):
        assert (await remote.get("/api/market", headers=still.bearer(secret))).status_code == 200

    def last_used() -> datetime | None:
        return next(one.last_used_at for one in KeyStore(still.parts.store).all_keys() if one.id == key.id)

    async with asyncio.timeout(20):
        while last_used() is None:
            await asyncio.sleep(0.01)
    assert len([statement for statement in written if statement.startswith("UPDATE api_keys")]) == 1


async def test_a_key_that_was_just_made_elsewhere_works_at_once(
    still: Installation, remote: httpx2.AsyncClient
) -> None:
    _, secret = KeyStore(still.parts.store).create("visitor", Access.READ)
    assert (await remote.get("/api/market", headers=still.bearer(secret))).status_code == 200


@pytest.mark.parametrize(
    ("access", "statuses"),
    [(Access.READ, (403, 403, 403)), (Access.TRADE, (201, 200, 403)), (Access.ADMIN, (201, 200, 200))],
)
async def test_scopes_include_each_other(
    still: Installation, local: httpx2.AsyncClient, access: Access, statuses: tuple[int, int, int]
) -> None:
    _, secret = KeyStore(still.parts.store).create("someone", access)
    headers = still.order_headers("k1", secret)
    reason = {"reason": "a test"}
    assert (await local.get("/api/account", headers=headers)).status_code == 200
    previewed = await local.post("/api/trades?dry_run=true", json=ORDER, headers=headers)
    assert previewed.status_code == (403 if access is Access.READ else 200)
    placed = await local.post("/api/trades", json=ORDER, headers=headers)
    halted = await local.post("/api/trading/halt", json=reason, headers=headers)
    resumed = await local.post("/api/trading/resume", json=reason, headers=headers)
    assert (placed.status_code, halted.status_code, resumed.status_code) == statuses
    if resumed.status_code == 403:
        assert 'error="insufficient_scope"' in resumed.headers["www-authenticate"]
        assert resumed.json()["needed"] == "admin"
        assert still.sample("investiq_auth_failures_total", reason="scope") == statuses.count(403) + (
            access is Access.READ
        )


async def test_every_route_that_changes_something_asks_for_more_than_read(
    still: Installation, local: httpx2.AsyncClient
) -> None:
    _, secret = KeyStore(still.parts.store).create("reader", Access.READ)
    changing = [
        (path, method)
        for path, operations in still.app.openapi()["paths"].items()
        for method in operations
        if method not in ("get", "head") and not path.startswith("/api/sessions")  # of whoever logs in
    ]
    assert len(changing) >= 4
    for path, method in changing:
        response = await local.request(method, path.replace("{order_id}", "x"), headers=still.bearer(secret))
        assert response.status_code == 403, (path, method)


async def test_a_page_of_another_site_changes_nothing(
    admin: httpx2.AsyncClient, still: Installation, subtests: pytest.Subtests
) -> None:
    for origin in (
        "http://evil.example",
        "null",
        "",
        "https://127.0.0.1.evil.example",
        "http://127.0.0.1:8050",
        "http://127.0.0.1",
        "https://127.0.0.1:3000",
        "http://localhost:3000",
        "http://localhost@evil.example",
    ):
        with subtests.test(origin=origin):
            response = await admin.post("/api/trading/halt", json={"reason": "x"}, headers={"Origin": origin})
            assert response.status_code == 403
            assert response.json()["reason"] == "foreign_origin"
    assert not still.parts.desk.status().halted


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000"])
async def test_our_own_pages_may_change_things(admin: httpx2.AsyncClient, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    response = await admin.post("/api/trading/halt", json={"reason": "x"}, headers=headers)
    assert response.status_code == 200


@pytest.fixture
def with_token(data_dir: Path) -> Installation:
    return install(data_dir, ApiConfig(metrics_token=SecretStr("s3cret-token")))


@pytest.mark.parametrize(
    ("address", "authorization", "status"),
    [
        ("192.0.2.7", "Bearer s3cret-token", 200),
        ("192.0.2.7", "bearer s3cret-token", 200),
        ("192.0.2.7", None, 401),
        ("192.0.2.7", "Bearer s3cret-toke", 401),
        ("192.0.2.7", "Bearer", 401),
        ("127.0.0.1", None, 200),
        ("127.0.0.1", "Bearer wrong", 401),
    ],
)
async def test_metrics_are_for_the_token_or_loopback(
    with_token: Installation, address: str, authorization: str | None, status: int
) -> None:
    async with not_running(with_token), with_token.client(address) as client:
        headers = {"Authorization": authorization} if authorization is not None else {}
        response = await client.get("/metrics", headers=headers)
        assert response.status_code == status
        if status == 401:
            assert with_token.sample("investiq_auth_failures_total", reason="metrics_token") == 1


async def test_the_metrics_token_opens_nothing_else(with_token: Installation) -> None:
    async with not_running(with_token), with_token.client() as client:
        headers = {"Authorization": "Bearer s3cret-token"}
        assert (await client.get("/api/market", headers=headers)).status_code == 401


async def test_without_a_token_configured_an_empty_one_is_refused(still: Installation) -> None:
    async with still.client("192.0.2.7") as client:
        for value in ("Bearer ", "Bearer", ""):
            assert (await client.get("/metrics", headers={"Authorization": value})).status_code == 401


async def test_a_broken_database_is_not_taken_for_a_wrong_key(still: Installation, remote: httpx2.AsyncClient) -> None:
    headers = still.bearer()
    ledger = Paths.of(still.config).ledger
    still.parts.store.dispose()
    for file in ledger.parent.glob("ledger.db*"):
        file.unlink()
    ledger.mkdir()  # nobody opens a folder as a database
    response = await remote.get("/api/market", headers=headers)
    assert response.status_code == 503
    assert response.json()["reason"] == "database_unavailable"


def test_key_files_are_private_and_keep_their_keys(tmp_path: Path) -> None:
    first = install(tmp_path / "data")
    keys = first.admin_key, first.agent_key
    folder = Paths.of(first.config).keys
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first.parts.lock.release()
    again = install(tmp_path / "data")
    assert (again.admin_key, again.agent_key) == keys
    assert len(KeyStore(again.parts.store).all_keys()) == 3


def test_keys_are_stored_as_hashes_only(tmp_path: Path) -> None:
    installation = install(tmp_path / "data")
    installation.parts.store.dispose()
    content = b"".join(file.read_bytes() for file in (tmp_path / "data").glob("ledger.db*"))
    assert installation.admin_key.encode() not in content
    assert installation.admin_key.removeprefix("iq_").encode() not in content


def test_deleting_a_key_file_replaces_the_key(tmp_path: Path) -> None:
    installation = install(tmp_path / "data")
    old = installation.admin_key
    Paths.of(installation.config).admin_key.unlink()
    store = KeyStore(installation.parts.store)
    provide_key_files(store, Paths.of(installation.config))
    assert installation.admin_key != old
    assert store.verify(old.encode()) is None
    assert store.verify(installation.admin_key.encode()) is not None


def test_a_revoked_key_is_not_brought_back_by_its_file(tmp_path: Path) -> None:
    installation = install(tmp_path / "data")
    store = KeyStore(installation.parts.store)
    key = store.verify(installation.admin_key.encode())
    assert key is not None
    store.revoke(key.id)
    provide_key_files(store, Paths.of(installation.config))
    assert store.verify(installation.admin_key.encode()) is None


def test_a_kept_key_file_works_on_a_fresh_ledger(tmp_path: Path) -> None:
    installation = install(tmp_path / "data")
    key = installation.admin_key
    installation.parts.store.dispose()
    for file in (tmp_path / "data").glob("ledger.db*"):
        file.unlink()
    again = install(tmp_path / "data")
    found = KeyStore(again.parts.store).verify(key.encode())
    assert found is not None
    assert found.access is Access.ADMIN


def test_a_key_file_with_something_else_in_it_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "data" / "keys").mkdir(parents=True)
    (tmp_path / "data" / "keys" / "admin.key").write_text("hello\n")
    with pytest.raises(UnusableKeyFile, match=r"admin\.key"):
        install(tmp_path / "data")


async def test_health_from_another_machine_takes_the_metrics_token_and_nothing_else_does(data_dir: Path) -> None:
    """So that probes from there need no API key; it opens no other path."""
    async with running(install(data_dir, ApiConfig(metrics_token=SecretStr("s3cret-token")))) as made:
        async with made.client("192.0.2.7", headers={"Authorization": "Bearer s3cret-token"}) as prober:
            assert [(await prober.get(path)).status_code for path in ("/health", "/api/market")] == [200, 401]
        async with made.client("192.0.2.7", headers={"Authorization": "Bearer s3cret-tokem"}) as stranger:
            assert (await stranger.get("/health")).status_code == 401

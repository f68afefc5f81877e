"""The real thing: `investiq serve api` and `investiq serve signals` as processes, spoken to over sockets."""

from __future__ import annotations

import shutil
import signal
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import httpx2
import psutil
import pytest
from playwright.async_api import async_playwright

from investiq.clients.api import InvestIQClient
from investiq.clients.session import ClientError
from investiq.foundation.config.schema import Config
from investiq.foundation.vocabulary import Side
from investiq.invest import wiring
from tests.ports import free_port
from tests.serve.api.servers import PATIENCE, Servers

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both servers with a model that was trained on the shipped prices."""
    servers = Servers(tmp_path_factory.mktemp("servers") / "data", free_port(), free_port())
    wiring.train_models(Config(data_dir=servers.data), lambda _stage, _done, _total: None)
    started = [servers.start("signals", f"http://127.0.0.1:{servers.signals_port}/health"), servers.start_api()]
    yield servers
    for process in started:
        process.terminate()
    for process in started:
        process.wait(20)


def raw(servers: Servers, head: str, body: bytes = b"") -> str:
    """The status line of the answer to a request as it is written here."""
    with socket.create_connection(("127.0.0.1", servers.api_port), timeout=20) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        return connection.makefile("rb").readline().decode().strip()


def test_three_engines_answer_and_two_say_what_they_lack(servers: Servers) -> None:
    with InvestIQClient(servers.url) as api:
        analysis = api.analyze("AAPL")
    statuses = {name: engine["status"] for name, engine in analysis["engines"].items()}
    assert statuses == {
        "technical": "ok",
        "quantitative": "ok",
        "signal": "ok",
        "sentiment": "unavailable",
        "fundamental": "unavailable",
    }
    assert analysis["overall"]["coverage"] == pytest.approx(0.7)
    assert str(analysis["engines"]["signal"]["metrics"]["trained_until"]) < analysis["as_of"][:10]
    assert all(engine["reason"] for engine in analysis["engines"].values() if engine["status"] == "unavailable")


def test_everything_is_up(servers: Servers) -> None:
    health = httpx2.get(f"{servers.url}/health", trust_env=False).json()
    assert health["status"] == "ok"
    assert {d["status"] for d in health["dependencies"].values()} == {"up"}


def test_hosts_that_are_ours_in_every_form(servers: Servers, subtests: pytest.Subtests) -> None:
    port = servers.api_port
    for host in (f"localhost:{port}", "127.0.0.1", f"[::1]:{port}", "[::1]", "[0:0:0:0:0:0:0:1]", "LOCALHOST"):
        with subtests.test(host=host):
            assert raw(servers, f"GET /health HTTP/1.1\nHost: {host}\nConnection: close") == "HTTP/1.1 200 OK"


def test_rebinding_does_not_reach_the_server(servers: Servers, subtests: pytest.Subtests) -> None:
    for headers in ("Host: evil.example", "Host: [::2]", "Host: localhost\nHost: localhost", "Host:"):
        with subtests.test(headers=headers):
            status = raw(servers, f"GET /api/market HTTP/1.1\n{headers}\nConnection: close")
            assert status.split()[1] in ("400", "421")
    assert raw(servers, "GET /api/market HTTP/1.0").split()[1] == "421"  # no Host at all


def test_a_large_body_is_413_before_it_is_sent(servers: Servers) -> None:
    head = "POST /api/trades HTTP/1.1\nHost: localhost\nContent-Length: 99999999"
    assert raw(servers, head).split()[1] == "413"


def test_head_and_the_guides_own_commands(servers: Servers) -> None:
    assert httpx2.head(f"{servers.url}/health", trust_env=False).status_code == 200
    text = httpx2.get(f"{servers.url}/metrics", trust_env=False).text
    assert "investiq_analyses_total" in text


async def test_the_docs_work_in_a_browser_under_their_own_policy(servers: Servers) -> None:
    complaints: list[str] = []
    addresses: list[str] = []
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: addresses.append(request.url))
        await page.goto(f"{servers.url}/docs")
        await page.locator(".opblock-summary", has_text="/api/market").first.click()
        await page.get_by_role("button", name="Try it out").click()
        await page.get_by_role("button", name="Execute").click()
        await page.locator(".responses-table.live-responses-table").get_by_text("200", exact=True).wait_for()
        await browser.close()
    assert complaints == []
    assert all(address.startswith((servers.url, "data:")) for address in addresses)


def test_an_order_fills_by_itself(servers: Servers) -> None:
    with InvestIQClient(servers.url, servers.data / "keys" / "admin.key") as api:
        placed = api.submit("AAPL", Side.BUY, idempotency_key="real-1", quantity=Decimal(3))
        deadline = time.monotonic() + PATIENCE
        while api.order(placed.order["id"])["status"] != "filled":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert [p["quantity"] for p in api.positions()] == ["3.0000"]


def test_it_stops_on_sigterm_and_goes_on_where_it_was(tmp_path: Path) -> None:
    servers = Servers(tmp_path / "data", free_port(), free_port())
    first = servers.start_api()
    with InvestIQClient(servers.url) as api:
        before = api.market()["now"]
    key = (servers.data / "keys" / "admin.key").read_text()
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) in (0, -signal.SIGTERM)
    second = servers.start_api()
    try:
        with InvestIQClient(servers.url) as api:
            after = api.market()["now"]
        # A session takes 30 s of wall time: a replay from the start would be hours of market time behind.
        assert datetime.fromisoformat(after) >= datetime.fromisoformat(before)
        assert (servers.data / "keys" / "admin.key").read_text() == key
    finally:
        second.kill()
        second.wait()
    third = servers.start_api()  # SIGKILL leaves a ledger that opens again
    try:
        children = psutil.Process(third.pid).children()
        assert children == []
    finally:
        third.terminate()
        third.wait(20)


def test_a_broken_installation_ends_with_the_cause(tmp_path: Path) -> None:
    servers = Servers(tmp_path / "data", free_port(), free_port())
    (servers.data / "keys").mkdir(parents=True)
    (servers.data / "keys" / "admin.key").write_text("hello")
    with pytest.raises(AssertionError, match="ended with 1"):
        servers.start_api()
    log = (tmp_path / "api.log").read_text()
    assert "admin.key holds no API key" in log
    with InvestIQClient(servers.url) as api, pytest.raises(ClientError):
        api.market()

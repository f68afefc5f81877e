"""The console's part in letting people through to the other hosts of the edge: knock, ticket, pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from investiq.foundation.config import Config, Paths
from investiq.foundation.config.schema import EdgeConfig
from investiq.foundation.contract.edge import Door
from investiq.serve.http.edge_pass import EdgePasses
from investiq.serve.web.app import create_app

EDGE = EdgeConfig(enabled=True, console="console.example.org", prometheus="prometheus.example.org", public_port=443)
KNOCK = "f" * 32


class Console:
    """The console as nginx asks it."""

    def __init__(self, folder: Path) -> None:
        config = Config(data_dir=folder, edge=EDGE)
        self.client = TestClient(create_app(config), base_url="http://console.example.org", follow_redirects=False)
        self.token = Paths.of(config).edge_token.read_text().strip()
        self.passes = EdgePasses(self.token)

    def get(self, path: str, door: Door, cookies: str = "", visitor: str = "", token: str = "") -> Response:
        headers = {"X-InvestIQ-Edge": token or self.token, "X-InvestIQ-Door": door, "X-InvestIQ-Let-In": visitor}
        return self.client.get(path, headers={**headers, "Cookie": cookies} if cookies else headers)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Console:
    return Console(tmp_path_factory.mktemp("console"))


def held(console: Console) -> str:
    ends = datetime.now(UTC) + timedelta(hours=1)
    return f"__Host-investiq_pass={console.passes.issue(Door.CONSOLE, '0123abcd', ends)}"


def test_a_stranger_knocks_and_is_led_to_the_console_and_on_to_the_log_in(console: Console) -> None:
    knocked = console.get("/.investiq/enter?door=prometheus&next=/graph?a=1&b=2", Door.PROMETHEUS)
    name, _, knock = knocked.headers["set-cookie"].partition(";")[0].partition("=")
    assert (name, len(knock)) == ("__Host-investiq_knock", 32)
    wanted = f"/edge?to=prometheus&knock={knock}&next=/graph?a=1&b=2"
    assert knocked.headers["location"] == f"https://console.example.org{wanted}"
    again = console.get("/.investiq/enter?next=/", Door.PROMETHEUS, f"__Host-investiq_knock={knock}")
    assert f"knock={knock}" in again.headers["location"]
    asked = console.get(wanted, Door.CONSOLE)
    assert asked.headers["location"].startswith("/login?next=%2Fedge%3Fto%3Dprometheus%26knock%3D")


def test_whoever_is_let_in_gets_a_ticket_and_for_it_a_pass(console: Console) -> None:
    left = console.get(f"/edge?to=prometheus&knock={KNOCK}&next=/graph?a=1", Door.CONSOLE, held(console), "mary")
    start = "https://prometheus.example.org"
    assert left.headers["location"].startswith(f"{start}/.investiq/enter?ticket=")
    path = left.headers["location"].removeprefix(start)
    entered = console.get(path, Door.PROMETHEUS, f"__Host-investiq_knock={KNOCK}")
    assert (entered.status_code, entered.headers["location"]) == (303, "/graph?a=1")
    text = entered.headers["set-cookie"].partition(";")[0].partition("=")[2]
    assert console.passes.read(Door.PROMETHEUS, text, datetime.now(UTC)) is not None
    assert {"Secure", "HttpOnly"} <= set(entered.headers["set-cookie"].split("; "))
    assert console.get(path, Door.PROMETHEUS, f"__Host-investiq_knock={'e' * 32}").status_code == 400


def test_a_pass_whose_session_the_api_does_not_know_leads_to_the_log_in(console: Console) -> None:
    left = console.get(f"/edge?to=prometheus&knock={KNOCK}&next=/", Door.CONSOLE, held(console))
    assert left.headers["location"].startswith("/login?")


def test_nobody_but_nginx_gets_either(console: Console) -> None:
    for path in (f"/edge?to=prometheus&knock={KNOCK}&next=/", "/.investiq/enter?next=/"):
        assert console.get(path, Door.PROMETHEUS, held(console), "mary", token="x" * 43).status_code == 404

"""Through nginx at the edge: how people get in and out, what nobody gets, and what is left when a part is dead."""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path

import httpx2
import psutil
import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from investiq.serve.api.routes.edge import BELIEVED_SECONDS
from tests.e2e.conftest import NewStack
from tests.e2e.edge import AUTHORITY, NAMES, Outside, certificate, edge_settings
from tests.e2e.namespace import HOST, ip
from tests.e2e.stack import Stack, awaited

pytestmark = pytest.mark.e2e

QUERY = "/api/v1/query?query=up"
# What the API remembers of its keys, what nginx remembers of the API, and a busy machine.
REVOKED_SECONDS = BELIEVED_SECONDS + 2 + 10


@pytest.fixture
def key(edged: Stack) -> str:
    return edged.investiq("keys", "create", "--name", "visitor", "--scope", "read").out.strip()


def status(outside: Outside, server: str, path: str) -> int:
    return outside.browse(server, path, headers={"Accept": "*/*", "Sec-Fetch-Mode": "cors"}).status_code


def test_whoever_logs_in_at_the_console_gets_to_the_page_that_was_asked_for(outside: Outside, key: str) -> None:
    path = "/graph?g0.expr=up%20%3E%200&g0.tab=1"
    where, page = outside.follow("prometheus", path)
    assert where.startswith("web/login?next=")
    assert page.status_code == 200
    outside.log_in(key)
    where, page = outside.follow("prometheus", path)
    assert (where.endswith("graph?g0.expr=up%20%3E%200&g0.tab=1"), page.status_code) == (True, 200)
    assert outside.follow("alertmanager")[1].status_code == 200
    assert outside.follow("web", "/operations")[1].status_code == 200


def test_a_pass_opens_one_host_and_is_no_key(outside: Outside, key: str) -> None:
    outside.log_in(key)
    outside.follow("prometheus", QUERY)
    held = outside.cookies["prometheus"]["__Host-investiq_pass"]
    outside.cookies["alertmanager"] = outside.cookies["web"] = {"__Host-investiq_pass": held}
    assert status(outside, "prometheus", QUERY) == 200
    assert status(outside, "alertmanager", "/api/v2/alerts") == 401
    assert status(outside, "web", "/") == 401
    assert outside.ask("api", path="/api/market", headers={"Authorization": f"Bearer {held}"}).status_code == 401


def test_a_link_with_a_ticket_lets_nobody_else_in(edged: Stack, outside: Outside, key: str) -> None:
    outside.log_in(key)
    led = outside.browse("prometheus", QUERY)
    to_console = outside.browse(*outside.place(led.headers["location"], "prometheus")).headers["location"]
    ticket = outside.browse(*outside.place(to_console, "prometheus")).headers["location"]
    with Outside(edged) as other:
        led = other.browse("prometheus", QUERY)
        other.browse(*other.place(led.headers["location"], "prometheus"))  # knocks
        answer = other.browse(*other.place(ticket, "web"))
        assert (answer.status_code, status(other, "prometheus", QUERY)) == (400, 401)
    assert outside.browse(*outside.place(ticket, "web")).status_code == 303


@pytest.mark.parametrize("elsewhere", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_nobody_is_led_to_another_site(outside: Outside, key: str, elsewhere: str) -> None:
    outside.log_in(key)
    knock = "0" * 32
    answer = outside.browse("web", f"/edge?to=console&knock={knock}&next={elsewhere}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_session_that_is_ended_opens_nothing_within_seconds(edged: Stack, outside: Outside, key: str) -> None:
    outside.log_in(key)
    outside.follow("prometheus", QUERY)
    assert status(outside, "prometheus", QUERY) == 200
    session = outside.cookies["prometheus"]["__Host-investiq_pass"].partition(".")[0]
    assert edged.investiq("keys", "revoke", session).code == 0
    awaited("end of it", REVOKED_SECONDS, lambda: status(outside, "prometheus", QUERY) == 401)
    assert outside.follow("prometheus", QUERY)[0].startswith("web/login?next=")


def test_who_was_let_in_still_reads_while_the_api_is_dead_and_nobody_else(
    edged: Stack, outside: Outside, key: str
) -> None:
    outside.log_in(key)
    outside.follow("prometheus", QUERY)
    outside.follow("alertmanager", "/api/v2/alerts")
    assert edged.investiq("down", "api").code == 0
    try:
        for _ in range(3):
            assert status(outside, "prometheus", QUERY) == 200
        with Outside(edged) as stranger:
            # That a stranger is none of ours, nginx remembers for a moment, too.
            awaited("word of it", 10, lambda: status(stranger, "prometheus", QUERY) == 503)
        forged = outside.cookies["prometheus"]["__Host-investiq_pass"][:-1] + "_"
        outside.cookies["prometheus"]["__Host-investiq_pass"] = forged
        assert status(outside, "prometheus", QUERY) == 503
    finally:
        assert edged.investiq("up", "api").code == 0


def test_what_is_secret_is_in_no_log(edged: Stack, outside: Outside, key: str) -> None:
    outside.log_in(key)
    outside.follow("prometheus", f"{QUERY}&secret=planted-in-a-query")
    outside.ask("prometheus", path=QUERY, headers={"Authorization": f"Bearer {key}"})
    secrets = [key, "planted-in-a-query", *outside.cookies["prometheus"].values(), *outside.cookies["web"].values()]
    secrets += [(edged.data / "keys" / name).read_text().strip() for name in ("edge.token", "prometheus.password")]
    awaited("line", 10, lambda: "/.investiq/enter" in (edged.data / "logs" / "edge.log").read_text())
    for log in (edged.data / "logs").glob("*.log"):
        text = log.read_text("utf-8", "replace")
        assert [secret for secret in secrets if secret in text] == [], log.name


def test_what_nginx_writes_is_for_its_user_alone(edged: Stack) -> None:
    folder = edged.data / "edge"
    assert folder.stat().st_mode & 0o777 == 0o700
    secret = [folder / name for name in ("nginx.conf", "proof.conf", "prometheus.conf", "alertmanager.conf")]
    assert {path.stat().st_mode & 0o777 for path in secret} == {0o600}
    assert "PRIVATE KEY" not in "".join(path.read_text() for path in secret)


def test_limits_of_size_and_of_plain_http(edged: Stack, outside: Outside, key: str) -> None:
    bearer = {"Authorization": f"Bearer {key}"}
    for server, most in (("api", 64 * 1024), ("web", 1024**2), ("alertmanager", 256 * 1024)):
        answer = outside.ask(server, "POST", "/api/v2/silences", bearer, content=b"x" * (most + 1))
        assert answer.status_code == 413, server
    assert outside.ask("api", headers={**bearer, "X-Long": "x" * 40_000}).status_code in (400, 431, 494)
    plain = httpx2.get(f"http://127.0.0.1:{outside.port}/", trust_env=False)
    assert plain.status_code == 400


def test_who_asks_too_fast_is_told_to_wait(new_stack: NewStack, tmp_path: Path) -> None:
    """And nginx dies with a supervisor that is killed, so that its port is free for the next one."""
    slow = edge_settings(tmp_path / "tls", INVESTIQ_EDGE_REQUESTS_PER_SECOND="5")
    stack = new_stack(**slow, INVESTIQ_AGENT_ENABLED="false")
    stack.up()
    with Outside(stack) as crowd:
        answers = [crowd.ask("api", path="/api/market").status_code for _ in range(40)]
    assert set(answers) == {401, 429}
    nginx = [process for process in stack.processes() if process.name() == "nginx"]
    assert len(nginx) > 1  # with its worker
    psutil.Process(stack.status()["supervisor_pid"]).kill()
    assert psutil.wait_procs(nginx, timeout=10)[1] == []
    with socket.create_server(("127.0.0.1", int(slow["INVESTIQ_EDGE_PORT"]))):
        pass


# ---- as a browser

BROWSER = ("--host-resolver-rules=MAP *.investiq.test 127.0.0.1", "--no-sandbox")


def test_what_somebody_types_survives_the_end_of_their_session(edged: Stack, outside: Outside, key: str) -> None:
    """And they go on where they were, once they have logged in in another tab."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(BROWSER))
        profile = browser.new_context(ignore_https_errors=True)
        page = profile.new_page()
        page.goto(outside.url("web", "/silence/ServiceDown"))
        log_in(page, key)
        page.wait_for_url(outside.url("web", "/silence/ServiceDown"))
        page.locator("#silence-reason").fill("typed before the end")
        assert edged.investiq("keys", "revoke", session_of(profile)).code == 0
        notice = page.locator("#logged-out")
        notice.wait_for(timeout=60_000)
        assert page.locator("#silence-reason").input_value() == "typed before the end"
        with profile.expect_page() as opened:
            notice.get_by_role("link", name="Log in").click()
        log_in(opened.value, key)
        notice.wait_for(state="detached", timeout=60_000)
        assert page.locator("#silence-reason").input_value() == "typed before the end"
        browser.close()


def log_in(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Log in", exact=True).click()


def session_of(profile: BrowserContext) -> str:
    passes = [cookie["value"] for cookie in profile.cookies() if cookie["name"] == "__Host-investiq_pass"]
    return passes[0].partition(".")[0]


# ---- certificates, on a stack of its own


@pytest.mark.skipif(shutil.which("mkcert") is None, reason="mkcert is not installed")
def test_a_laptops_certificate_is_made_probed_renewed_and_watched(new_stack: NewStack, tmp_path: Path) -> None:
    own = {"CAROOT": str(tmp_path / "authority"), "INVESTIQ_AGENT_ENABLED": "false"}
    settings = edge_settings(tmp_path / "tls")
    unset = ("INVESTIQ_EDGE_CERTIFICATE", "INVESTIQ_EDGE_CERTIFICATE_KEY")
    stack = new_stack(**{name: value for name, value in settings.items() if name not in unset}, **own)
    refused = stack.investiq("up", "--detach")
    assert refused.code != 0
    assert "`investiq edge certificate` makes one" in refused.err
    assert stack.investiq("edge", "certificate").code == 0
    opened = stack.up().out
    assert f"https://{NAMES['web']}:{settings['INVESTIQ_EDGE_PORT']}/" in opened
    asked = 'probe_ssl_earliest_cert_expiry{service="edge"}'
    before = awaited("probe of the edge", 60, lambda: value_of(stack, asked))
    assert value_of(stack, 'probe_success{service="edge"}') == 1
    made = certificate(tmp_path / "renewed", *NAMES.values(), days=2)
    for name, file in zip(("edge.crt", "edge.key", "edge-ca.crt"), (*made, made[0].with_name(AUTHORITY)), strict=True):
        (stack.data / "keys" / name).write_bytes(file.read_bytes())
    assert stack.investiq("edge", "reload").code == 0
    awaited("end of the new one", 60, lambda: (value_of(stack, asked) or before) < before)
    firing = ("pending", "firing")
    awaited("alert", 60, lambda: any("CertificateExpiring" in stack.alerts(state) for state in firing))
    awaited("counted answers", 60, lambda: value_of(stack, 'sum(investiq_edge_answers_total{door="console"})'))


def value_of(stack: Stack, query: str) -> float:
    """0 where there is nothing."""
    found = stack.get("prometheus", "/api/v1/query", {"query": query})["data"]["result"]
    return float(found[0]["value"][1]) if found else 0.0


# ---- from another network

SCAN = """
import socket, sys
host, ports = sys.argv[1], map(int, sys.argv[2:])
for port in ports:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        if probe.connect_ex((host, port)) == 0:
            print(port)
"""


def test_another_machine_sees_the_edge_and_nothing_else(edged: Stack, outside: Outside, namespace: str) -> None:
    ports = [*edged.ports.values(), outside.port]
    seen = ip("netns", "exec", namespace, sys.executable, "-c", SCAN, HOST, *map(str, ports))
    assert (seen.returncode, seen.stdout.split()) == (0, [str(outside.port)]), seen.stderr

"""The console as a server: its addresses, its headers, and what it answers to strangers."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from typing import Any

import httpx2
import pytest

from investiq.foundation.config import Config
from investiq.foundation.config.schema import ApiConfig
from investiq.serve.web.app import create_app
from tests.expositions import sample
from tests.serve.web.fakes import Stand

OURS = {"origin": "http://127.0.0.1:8050"}


def header_poll() -> dict[str, Any]:
    """What the page sends to refresh the header."""
    outputs = [
        {"id": "status", "property": "children"},
        {"id": "outage", "property": "children"},
        {"id": "session", "property": "data"},
    ]
    return {
        "output": "..status.children...outage.children...session.data..",
        "outputs": outputs,
        "inputs": [{"id": "header-poll", "property": "n_intervals", "value": 1}],
        "state": [{"id": "session", "property": "data", "value": None}],
        "changedPropIds": ["header-poll.n_intervals"],
    }


@pytest.mark.parametrize("path", ["/", "/trading", "/operations"])
async def test_each_page_is_served_at_its_address_even_as_the_first_request(
    console: httpx2.AsyncClient, path: str
) -> None:
    answer = await console.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "/assets/console.css" in answer.text
    assert "/assets/first/scheme.js" in answer.text


async def test_the_page_and_its_scripts_name_no_address_of_the_outside(console: httpx2.AsyncClient) -> None:
    page = (await console.get("/")).text
    layout = (await console.get("/_dash-layout")).text

    assert re.findall(r"https?://[^\s\"'<]*", page) == []
    assert re.findall(r"https?://[^\s\"'<]*", layout) == []
    sources = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert sources
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)


async def test_every_file_that_the_page_names_is_there(console: httpx2.AsyncClient) -> None:
    page = (await console.get("/")).text

    for source in re.findall(r"(?:src|href)=\"([^\"]+)\"", page):
        assert (await console.get(source)).status_code == 200, source


async def test_the_only_inline_script_is_the_one_whose_hash_the_policy_names(console: httpx2.AsyncClient) -> None:
    answer = await console.get("/")
    policy = answer.headers["content-security-policy"]

    inline = re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>(.*?)</script>", answer.text, re.DOTALL)

    assert len(inline) == 1
    digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe-eval" not in policy
    for directive in ("default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"):
        assert directive in policy


@pytest.mark.parametrize("path", ["/", "/health", "/nothing", "/_dash-layout", "/assets/console.css"])
async def test_every_answer_carries_the_protecting_headers(console: httpx2.AsyncClient, path: str) -> None:
    headers = (await console.get(path)).headers

    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers


async def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(console: httpx2.AsyncClient) -> None:
    people = await console.get("/<b>nothing", headers={"accept": "text/html"})
    program = await console.get("/nothing")

    assert people.status_code == program.status_code == 404
    assert "Page not found: /&lt;b&gt;nothing" in people.text
    assert program.json()["reason"] == "not_found"


async def test_a_file_that_no_library_has_is_not_found_and_no_error_of_ours(console: httpx2.AsyncClient) -> None:
    await console.get("/")

    for path in ("os/path.py", "dash_tvlwc/nothing.js", "app.py", "dash_tvlwc/%2e%2e/app.py"):
        assert (await console.get(f"/_dash-component-suites/{path}")).status_code == 404, path


async def test_health_tells_the_part_and_is_well_while_the_api_is_down(
    console: httpx2.AsyncClient, stand: Stand
) -> None:
    stand.api.down = True

    answer = await console.get("/health")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["part"] == "frontend"


async def test_metrics_have_the_contract_names_from_the_first_second(console: httpx2.AsyncClient) -> None:
    text = (await console.get("/metrics")).text

    for name in ("investiq_requests_total", "investiq_errors_total", "investiq_active_connections"):
        assert sample(text, name) is not None, name
    health = {"endpoint": "/health", "method": "GET", "status": "200"}
    assert sample(text, "investiq_request_duration_milliseconds_count", **health) is not None


async def test_a_callback_is_counted_under_one_route_and_unknown_paths_under_none(console: httpx2.AsyncClient) -> None:
    await console.post("/_dash-update-component", json=header_poll(), headers=OURS)
    for number in range(20):
        await console.get(f"/unknown/{number}")

    text = (await console.get("/metrics")).text

    callback = {"endpoint": "/_dash-update-component", "method": "POST", "status": "200"}
    assert sample(text, "investiq_request_duration_milliseconds_count", **callback) == 1
    assert "/unknown/" not in text


async def test_metrics_from_behind_a_proxy_need_the_token(stand: Stand, config: Config) -> None:
    api = ApiConfig.model_validate({"metrics_token": "streng-geheim"})
    app = create_app(config.model_copy(update={"api": api}), stand.transports)
    forwarded = {"x-forwarded-for": "203.0.113.9"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8050") as client:
        without = await client.get("/metrics", headers=forwarded)
        right = await client.get("/metrics", headers=forwarded | {"authorization": "Bearer streng-geheim"})
        wrong = await client.get("/metrics", headers={"authorization": "Bearer falsch"})

    assert (without.status_code, right.status_code, wrong.status_code) == (401, 200, 401)


async def test_an_empty_bearer_is_no_token_where_none_is_set(console: httpx2.AsyncClient) -> None:
    assert (await console.get("/metrics", headers={"authorization": "Bearer "})).status_code == 401


async def test_a_callback_of_our_own_page_is_answered(console: httpx2.AsyncClient) -> None:
    answer = await console.post("/_dash-update-component", json=header_poll(), headers=OURS)

    assert answer.status_code == 200
    assert "Not halted" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8050", "sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1:9999", "sec-fetch-site": "same-site"},
    ],
)
async def test_a_callback_of_another_page_is_refused(
    console: httpx2.AsyncClient, stand: Stand, headers: dict[str, str]
) -> None:
    answer = await console.post("/_dash-update-component", json=header_poll(), headers=headers)

    assert answer.status_code == 403
    assert answer.json()["reason"] == "foreign_origin"
    assert stand.api.asked == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_foreign_host_is_refused(console: httpx2.AsyncClient, method: str) -> None:
    answer = await console.request(method, "/_dash-update-component", headers=OURS | {"host": "evil.example"})

    assert answer.status_code == 421


@pytest.mark.parametrize("body", ["nonsense", "[]", '{"output": "nothing.children"}', "{}"])
async def test_what_no_page_of_ours_would_send_is_the_clients_fault(console: httpx2.AsyncClient, body: str) -> None:
    answer = await console.post(
        "/_dash-update-component", content=body, headers=OURS | {"content-type": "application/json"}
    )

    assert answer.status_code == 400
    assert answer.json()["reason"] == "unknown_callback"


async def test_a_known_callback_without_its_inputs_is_the_clients_fault_too(console: httpx2.AsyncClient) -> None:
    body = {"output": header_poll()["output"], "inputs": "what"}

    answer = await console.post("/_dash-update-component", json=body, headers=OURS)

    assert answer.status_code == 400


async def test_a_body_above_the_limit_is_refused(console: httpx2.AsyncClient) -> None:
    answer = await console.post("/_dash-update-component", content=b"x" * (1024 * 1024 + 1), headers=OURS)

    assert answer.status_code == 413


async def test_there_is_no_websocket_and_no_documentation_to_find(console: httpx2.AsyncClient) -> None:
    for path in ("/_dash-ws-callback", "/docs", "/redoc", "/openapi.json", "/_mcp"):
        assert (await console.get(path)).status_code == 404, path


async def test_two_consoles_in_one_process_answer_each_with_its_own_callbacks(config: Config) -> None:
    first, second = Stand(), Stand()
    apps = [create_app(config, stand.transports) for stand in (first, second)]
    for app, stand in zip(apps, (first, second), strict=True):
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8050") as client:
            await client.post("/_dash-update-component", json=header_poll(), headers=OURS)
        assert "/api/trading/status" in stand.api.asked


async def test_a_library_is_compressed_once_and_is_the_same_file(
    console: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (await console.get("/")).text
    script = next(src for src in re.findall(r'src="([^"]+)"', page) if "dash_tvlwc" in src)
    compressed = await console.get(script)  # the client asks for gzip and unpacks it
    monkeypatch.setattr(gzip, "compress", None)

    again = await console.get(script)
    plain = await console.get(script, headers={"accept-encoding": "identity"})

    assert compressed.headers["content-encoding"] == "gzip"
    assert int(compressed.headers["content-length"]) < len(plain.content) / 2
    assert "content-encoding" not in plain.headers
    assert compressed.content == again.content == plain.content

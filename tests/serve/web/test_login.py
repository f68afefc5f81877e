"""Who may change what in the console: logging in and out, and every callback as somebody who is not logged in."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest

from investiq.foundation.config import Config, Paths
from investiq.foundation.config.schema import ApiConfig, ClientConfig
from investiq.foundation.vocabulary import Access
from investiq.serve.web.app import create_app
from investiq.serve.web.browser_session import join, split
from investiq.serve.web.header import who_content
from investiq.serve.web.local_path import local_path
from investiq.serve.web.permission import may, who_may
from tests.serve.web.callbacks import OURS, body_of, dependencies, named, post
from tests.serve.web.fakes import HALTED, SECRET, SESSION, WOULD, Stand, order, raw_silence, text_of
from tests.serve.web.panels import document, written

KEY = "iq_" + "K" * 43
LINK = "iql_" + "L" * 43
FORM = {
    "change": "halt",
    "change_reason": "because of a test",
    "ticket_key": "key-1",
    "ticket_symbol": "AAPL",
    "ticket_side": "buy",
    "ticket_amount": "10",
    "ticket_unit": "quantity",
    "ticket_type": "market",
    "session": {"name": "alice", "scope": "admin", "until": "2999-01-02T00:00:00Z"},
    "silence_target": ["ServiceDown", ""],
    "silence_choice": "1h",
    "silence_reason": "known",
    "silence_by": "Anna",
}
"""What is typed, so that nothing but the login can be missing."""


BESIDE = ("/api/sessions", "/api/audit/silences")
"""What is posted and is no change: logging in, and the note of a change."""


@pytest.fixture(autouse=True)
def anything_is_possible(config: Config, stand: Stand) -> None:
    written(Paths.of(config).panels, document())
    stand.api.posts |= {
        "/api/sessions": (201, SESSION | {"secret": SECRET}),
        "/api/trading/halt": (200, HALTED),
        "/api/trading/resume": (200, HALTED),
        "/api/trades": (201, order()),
    }
    stand.alertmanager.silences[:] = [raw_silence()]


@pytest.fixture
def changing(config: Config, stand: Stand) -> dict[str, Access]:
    """The callbacks that are declared to change something."""
    declared: dict[str, Access] = create_app(config, stand.transports).state.changing
    return declared


@dataclass
class Listening(httpx2.AsyncBaseTransport):
    """Notes what an API is shown."""

    api: httpx2.AsyncBaseTransport
    credentials: list[str | None] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.credentials.append(request.headers.get("authorization"))
        return await self.api.handle_async_request(request)


async def log_in(console: httpx2.AsyncClient, **what: str) -> dict[str, str]:
    """The header that a page of who has logged in sends; the client keeps the cookie."""
    answer = await console.post("/login", json=what or {"key": KEY}, headers=OURS)
    assert answer.status_code == 200, answer.text
    return {"x-investiq-half": answer.json()["half"]}


def changes_of(stand: Stand) -> list[str]:
    """What was changed anywhere but by logging in."""
    silences = [raw["status"]["state"] for raw in stand.alertmanager.silences]
    made = [path for path, *_ in (*stand.api.changes, *stand.alertmanager.changes) if path not in BESIDE]
    return made + ["ended"] * silences.count("expired")


# ---- another user of this machine, who can send whatever he likes ----


async def test_without_a_login_no_callback_changes_anything(
    console: httpx2.AsyncClient, stand: Stand, changing: dict[str, Access], subtests: pytest.Subtests
) -> None:
    found = await dependencies(console)
    assert changing.keys() <= {one["output"] for one in found}
    assert len(changing) == 6
    for dependency in found:
        with subtests.test(output=dependency["output"]):
            answer = await post(console, body_of(dependency, **FORM))
            if dependency["output"] in changing:
                assert answer.status_code == 401
                assert "Log in to" in answer.text
            assert changes_of(stand) == []


async def test_with_a_login_each_declared_callback_does_what_it_says(
    console: httpx2.AsyncClient, stand: Stand, changing: dict[str, Access]
) -> None:
    """Else the test before would show nothing."""
    half = await log_in(console)
    stand.api.posts["/api/trades?dry_run=true"] = (200, WOULD)
    stand.api.posts["/api/trades/a"] = (200, order(id="a", status="cancelled"))
    for dependency in await dependencies(console):
        if dependency["output"] in changing:
            answer = await post(console, body_of(dependency, **FORM), **half)
            assert answer.status_code == 200, answer.text
    asked = [headers.get("authorization") for path, _, headers in stand.api.changes if path not in BESIDE]
    assert asked == [f"Bearer {SECRET}"] * 4
    assert "/api/trades?dry_run=true" in stand.api.asked
    made = ["/api/trading/halt", "/api/trades", "/api/trades", "/api/trades/a", "/api/v2/silences", "ended"]
    assert sorted(changes_of(stand)) == sorted(made), "one of them is the dry run"


@pytest.mark.parametrize(
    ("api", "client", "presented"),
    [
        ({}, {}, None),
        ({}, {"key": "iq_" + "A" * 43}, None),  # of the command line; it may be an admin's
        ({"trusted_networks": ("10.0.0.0/8",)}, {}, "Bearer iq_console"),
        ({"host": "192.0.2.1"}, {}, "Bearer iq_console"),
        ({}, {"url": "https://invest.example.org", "key": "iq_far"}, "Bearer iq_far"),
    ],
)
async def test_what_is_read_is_read_without_a_key_where_it_can_be_and_never_with_the_admins(
    config: Config, stand: Stand, api: dict[str, Any], client: dict[str, Any], presented: str | None
) -> None:
    changed = {"api": ApiConfig.model_validate(api), "client": ClientConfig.model_validate(client)}
    config = config.model_copy(update=changed)
    Paths.of(config).keys.mkdir(parents=True)
    Paths.of(config).admin_key.write_text("iq_admin")
    Paths.of(config).console_key.write_text("iq_console")
    listening = Listening(stand.api)
    app = create_app(config, replace(stand.transports, api=listening))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8050") as browser:
        for dependency in await dependencies(browser):
            await post(browser, body_of(dependency, **FORM))
    assert set(listening.credentials) == {presented}


# ---- halves ----


async def test_the_cookie_alone_and_the_page_alone_are_nobody(console: httpx2.AsyncClient, stand: Stand) -> None:
    half = await log_in(console)
    halt = body_of(await named(console, "change-confirm"), **FORM)

    assert (await post(console, halt)).status_code == 401  # what a page at another port could send
    console.cookies.clear()
    assert (await post(console, halt, **half)).status_code == 401  # what a script could take away
    assert changes_of(stand) == []


async def test_neither_half_is_a_credential_of_the_api(console: httpx2.AsyncClient) -> None:
    half = (await log_in(console))["x-investiq-half"]
    (cookie,) = console.cookies.values()
    assert SECRET not in (cookie, half)
    assert join(cookie, half) == SECRET
    for one in (cookie, half):
        assert not re.search(re.escape(one), SECRET)


def test_halves_are_new_each_time_and_nothing_else_joins() -> None:
    cookies = {split(SECRET)[0] for _ in range(50)}
    assert len(cookies) == 50
    cookie, half = split(SECRET)
    for odd in ("", "x", half[:-1], half + "x", half[:-1] + "=", half[:-1] + "ä", "\u0661" * 43):
        assert join(cookie, odd) is None
        assert join(odd, half) is None


async def test_a_cookie_that_somebody_else_set_logs_out_and_not_in(console: httpx2.AsyncClient, stand: Stand) -> None:
    """Mallory has a session of her own, and a port of this host, from which she can set cookies of it."""
    mallorys = "iqs_" + "M" * 43
    stand.api.sessions[mallorys] = SESSION | {"name": "mallory"}
    half = await log_in(console)
    (name,) = console.cookies
    halt = body_of(await named(console, "change-confirm"), **FORM)
    for planted in (split(mallorys)[0], mallorys.removeprefix("iqs_")):
        console.cookies.clear()
        console.cookies.set(name, planted, domain="127.0.0.1")
        assert (await post(console, halt, **half)).status_code == 401
    assert changes_of(stand) == []


async def test_the_cookie_of_another_installation_is_nobody(config: Config, stand: Stand) -> None:
    other = Stand()
    other.api.sessions.clear()
    other.api.posts["/api/sessions"] = (201, SESSION | {"secret": "iqs_" + "O" * 42 + "Q"})
    own = create_app(config, stand.transports)
    transport = httpx2.ASGITransport(create_app(config, other.transports))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8050") as client:
        half = await log_in(client)
        cookies = dict(client.cookies)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(own), base_url="http://127.0.0.1:8050", cookies=cookies
    ) as client:
        answer = await post(client, body_of(await named(client, "change-confirm"), **FORM), **half)
    assert answer.status_code == 401
    assert "Your session has ended" in answer.text
    assert changes_of(stand) == []


# ---- logging in and out ----


@pytest.mark.parametrize("what", [{"key": KEY}, {"link": LINK}, {"key": f" {KEY}\n"}])
async def test_who_logs_in_gets_both_halves_and_the_cookie_is_kept_from_scripts_and_other_sites(
    console: httpx2.AsyncClient, stand: Stand, what: dict[str, str]
) -> None:
    answer = await console.post("/login", json=what | {"next": "/trading"}, headers=OURS)

    assert answer.json() | {"half": ""} == {"half": "", "next": "/trading", "name": "alice", "scope": "admin"}
    assert [body for path, body, _ in stand.api.changes] == [{name: value.strip() for name, value in what.items()}]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("investiq_8050=")
    for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age="):
        assert part in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie
    assert answer.headers["cache-control"] == "no-store"


async def test_over_https_the_cookie_is_bound_to_it(stand: Stand, config: Config) -> None:
    web = config.web.model_copy(update={"public_url": "https://invest.example.org"})
    app = create_app(config.model_copy(update={"web": web}), stand.transports)
    origin = {"origin": "https://invest.example.org", "host": "invest.example.org"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://invest.example.org") as client:
        answer = await client.post("/login", json={"key": KEY}, headers=origin)
        assert answer.headers["set-cookie"].startswith("__Host-investiq_8050=")
        assert "Secure" in answer.headers["set-cookie"]
        halt = body_of(await named(client, "change-confirm"), **FORM)
        half = {"x-investiq-half": answer.json()["half"]}
        assert (await client.post("/_dash-update-component", json=halt, headers=origin | half)).status_code == 200


async def test_a_wrong_key_a_used_link_and_a_dead_api_are_told(console: httpx2.AsyncClient, stand: Stand) -> None:
    detail = "this link was used before, and works once"
    stand.api.posts["/api/sessions"] = (401, {"reason": "login_refused", "detail": detail, "status": 401})
    refused = await console.post("/login", json={"link": LINK}, headers=OURS)
    stand.api.down = True
    unanswered = await console.post("/login", json={"link": LINK}, headers=OURS)

    assert (refused.status_code, refused.json()["detail"]) == (401, detail)
    assert unanswered.status_code == 503
    assert "cannot log in" in unanswered.json()["detail"]
    assert "set-cookie" not in refused.headers | unanswered.headers


async def test_wrong_keys_are_limited_before_they_reach_the_api_and_right_sessions_live_on(
    console: httpx2.AsyncClient, stand: Stand
) -> None:
    half = await log_in(console)
    halt = body_of(await named(console, "change-confirm"), **FORM)
    assert (await post(console, halt, **half)).status_code == 200
    stand.api.posts["/api/sessions"] = (401, {"reason": "login_refused", "detail": "wrong", "status": 401})
    stand.api.changes.clear()

    statuses = [(await console.post("/login", json={"key": "x"}, headers=OURS)).status_code for _ in range(40)]

    assert statuses == [401] * 30 + [429] * 10
    assert len(stand.api.changes) == 30
    assert (await post(console, halt, **half)).status_code == 200


async def test_a_session_that_has_ended_is_asked_for_once_however_long_its_page_stays_open(
    console: httpx2.AsyncClient, stand: Stand
) -> None:
    half = await log_in(console)
    stand.api.sessions.clear()
    poll = body_of(await named(console, "header-poll"))
    for _ in range(20):
        assert (await post(console, poll, **half)).status_code == 200
    assert stand.api.asked.count("/api/sessions/current") == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999", "sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1:8050", "sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", ["/login", "/logout"])
async def test_another_page_logs_nobody_in_or_out(
    console: httpx2.AsyncClient, stand: Stand, path: str, headers: dict[str, str]
) -> None:
    assert (await console.post(path, json={"key": KEY}, headers=headers)).status_code == 403
    assert stand.api.asked == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_of_another_page_would_not_be_read(console: httpx2.AsyncClient, content_type: str) -> None:
    body = f'{{"key": "{KEY}"}}'
    answer = await console.post("/login", content=body, headers=OURS | {"content-type": content_type})
    assert answer.status_code == 422


async def test_reading_the_page_uses_no_link(console: httpx2.AsyncClient, stand: Stand) -> None:
    answer = await console.get("/login", params={"link": LINK, "next": "/trading"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert 'type="password" autocomplete="off"' in answer.text
    assert "investiq login" in answer.text
    assert re.findall(r"<script>|\son\w+=|style=", answer.text) == []
    assert stand.api.asked == []


async def test_after_logging_out_the_same_halves_are_nobody(console: httpx2.AsyncClient, stand: Stand) -> None:
    half = await log_in(console)
    kept = dict(console.cookies)
    halt = body_of(await named(console, "change-confirm"), **FORM)

    answer = await console.post("/logout", headers=OURS | half)

    assert answer.status_code == 200
    assert stand.api.sessions == {}
    assert dict(console.cookies) == {}
    console.cookies.update(kept)
    assert (await post(console, halt, **half)).status_code == 401
    assert (await console.post("/logout", headers=OURS | half)).status_code == 200  # again


async def test_a_log_out_that_the_api_did_not_hear_says_so(console: httpx2.AsyncClient, stand: Stand) -> None:
    half = await log_in(console)
    stand.api.down = True
    answer = await console.post("/logout", headers=OURS | half)
    assert answer.status_code == 503
    assert "not logged out" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/trading", "/silence/A?service=b", "/runbooks/api/ServiceDown#x"])
def test_who_has_logged_in_goes_on_where_he_was(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\n//evil.example",
        " //evil.example",
        "",
        "/ä",
    ],
)
def test_nobody_is_led_elsewhere(elsewhere: str) -> None:
    assert local_path(elsewhere) == "/"


# ---- scopes ----


async def test_who_may_read_alone_changes_nothing_and_is_told_why(
    console: httpx2.AsyncClient, stand: Stand, changing: dict[str, Access]
) -> None:
    half = await log_in(console)
    stand.api.sessions[SECRET] = SESSION | {"scope": "read"}
    for dependency in await dependencies(console):
        if dependency["output"] in changing:
            answer = await post(console, body_of(dependency, **FORM), **half)
            assert answer.status_code == 403
            assert "alice may read, not" in answer.text
    assert changes_of(stand) == []


async def test_a_session_that_ends_in_the_middle_says_so_and_keeps_what_was_typed(
    console: httpx2.AsyncClient, stand: Stand
) -> None:
    half = await log_in(console)
    stand.api.sessions.clear()

    halt = await post(console, body_of(await named(console, "change-confirm"), **FORM), **half)
    ticket = await post(console, body_of(await named(console, "ticket-send"), **FORM), **half)

    for answer in (halt, ticket):
        assert answer.status_code == 401
        assert answer.headers["x-investiq-shown"] == "1"
        assert "Your session has ended" in answer.text
        assert "Your input is still here" in answer.text
        assert '"target": "_blank"' in answer.text.replace('":"', '": "')
    assert halt.json()["response"].keys() == {"change-modal", "change-failure"}
    assert halt.json()["response"]["change-modal"] == {"opened": True}
    assert ticket.json()["response"].keys() == {"ticket-answer"}  # the key of the order stays too


async def test_while_the_api_is_dead_who_was_known_may_still_silence(console: httpx2.AsyncClient, stand: Stand) -> None:
    half = await log_in(console)
    silence = body_of(await named(console, "silence-send"), **FORM)
    stand.api.down = True

    unknown = await post(console, silence, **half)
    stand.api.down = False
    await post(console, body_of(await named(console, "header-poll")), **half)
    stand.api.down = True
    known = await post(console, silence, **half)
    order = await post(console, body_of(await named(console, "ticket-send"), **FORM), **half)

    assert unknown.status_code == 503
    assert "is it running?" in unknown.text
    assert known.status_code == 200
    assert changes_of(stand) == ["/api/v2/silences"]
    assert "Order not accepted" in order.text


async def test_many_who_ask_at_the_same_time_are_each_who_they_are(console: httpx2.AsyncClient, stand: Stand) -> None:
    half = await log_in(console)
    halt = body_of(await named(console, "change-confirm"), **FORM)
    answers = await asyncio.gather(*(post(console, halt, **(half if n % 2 else {})) for n in range(20)))
    assert [answer.status_code for answer in answers] == [401, 200] * 10


NAMED: Any = {"name": "alice", "scope": "trade", "until": "21:00"}


def test_buttons_live_by_scope_and_say_what_is_missing() -> None:
    def says(session: Any, needed: Access, to: str) -> str:
        return " ".join(text_of(who_may(session, needed, to, "/trading")).split())

    assert says({}, Access.TRADE, "halt trading") == "Log in to halt trading."
    assert says(NAMED, Access.TRADE, "halt trading") == ""
    assert says(NAMED, Access.ADMIN, "resume trading") == (
        "alice may trade, not resume trading: that needs admin access. Log in as someone else"
    )
    assert says(None, Access.TRADE, "halt trading") == ""
    shown: list[Any] = [None, {}, NAMED, NAMED | {"scope": "read"}]
    assert [may(one, Access.TRADE) for one in shown] == [False, False, True, False]


def test_the_header_says_who_is_logged_in_and_leads_in_and_out() -> None:
    assert text_of(who_content(None, "/")) == ""
    assert text_of(who_content({}, "/silence/A?service=b")) == "Log in"
    assert "href='/login?next=%2Fsilence%2FA%3Fservice%3Db'" in str(who_content({}, "/silence/A?service=b"))
    assert text_of(who_content(NAMED, "/")).split() == ["alice", "(trade)", "Log", "out"]

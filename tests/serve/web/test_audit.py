"""The page of the audit log, as an admin sees it and as everybody else does; what is silenced here stands in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast
from unittest.mock import AsyncMock

import httpx2
import pytest

from investiq.clients.api import AsyncInvestIQClient, SessionClient
from investiq.foundation.config import Config, Paths
from investiq.foundation.config.schema import ClientConfig
from investiq.foundation.contract.api import Session
from investiq.foundation.contract.console import CONSOLE_HEADER, ORIGIN_HEADER
from investiq.foundation.files import provide_token
from investiq.serve.web.app import create_app
from investiq.serve.web.browser_session import BrowserSession, SessionCookie
from investiq.serve.web.changes import Actor
from investiq.serve.web.logins import Logins, NotLoggedIn, Who
from investiq.serve.web.pages.audit import layout
from investiq.serve.web.pages.silence_change import Form, SilenceTarget, end, silence
from investiq.serve.web.permission import Person, Shown
from investiq.serve.web.sources import Sources
from tests.serve.web.fakes import AUDIT_RECORD, SECRET, SESSION, Stand, raw_silence, text_of
from tests.serve.web.panels import document, written

ADMIN = cast(Person, {"name": "alice", "scope": "admin", "until": "later"})


class _Known(Logins):
    """Who asks is logged in, or is not; the API decides what he sees."""

    def __init__(self, stand: Stand, *, logged_in: bool = True) -> None:
        self._stand_connection = AsyncInvestIQClient(transport=stand.api)
        self._logged_in = logged_in

    async def recognise(self, asked_seconds_ago: float = 0.0) -> tuple[str, Who]:
        if not self._logged_in:
            raise NotLoggedIn("not logged in")
        return SECRET, Who.of(cast(Session, SESSION))

    def client(self, secret: str) -> SessionClient:
        return SessionClient(self._stand_connection, secret)


async def test_an_admin_reads_who_did_what_from_where(stand: Stand) -> None:
    page = await layout(_Known(stand), "", ADMIN)
    text = text_of(page)
    for shown in ("2026-01-02 03:04:05", "alice (session 3f2a9c01) (admin)", "Trading resumed", "192.0.2.7"):
        assert shown in text
    assert "looked at the loss; <b>it is fine</b>" in text, "as text, whatever it looks like"
    assert "Log in" not in text
    assert "Older" not in text


async def test_the_address_says_which_kind_and_which_page(stand: Stand) -> None:
    stand.api.documents["/api/audit"] = {"records": [AUDIT_RECORD], "next_cursor": "7"}
    page = await layout(_Known(stand), "?action=trading_resumed&before=9", ADMIN)
    assert stand.api.asked[-1] == "/api/audit?limit=50&cursor=9&action=trading_resumed"
    drawn = str(page)
    assert "/audit?action=trading_resumed&before=7" in drawn
    assert "Newest" in drawn


@pytest.mark.parametrize("search", ["?action=nonsense", "?action=%3Cscript%3E", "?x=1", "?action="])
async def test_an_address_that_names_no_kind_shows_all(stand: Stand, search: str) -> None:
    await layout(_Known(stand), search, ADMIN)
    assert stand.api.asked[-1] == "/api/audit?limit=50"


@pytest.mark.parametrize("session", [{}, {"name": "bob", "scope": "trade", "until": "later"}])
async def test_nobody_else_sees_a_row_and_is_told_where_to_log_in(stand: Stand, session: dict[str, str]) -> None:
    page = await layout(_Known(stand, logged_in=False), "", cast(Shown, session))
    text = text_of(page)
    assert "Log in" in text
    assert "Admins only" in text
    assert "192.0.2.7" not in text


async def test_an_api_that_does_not_answer_is_said(stand: Stand) -> None:
    stand.api.down = True
    assert "no answer" in text_of(await layout(_Known(stand), "", ADMIN)).lower()


async def test_nothing_yet_is_said(stand: Stand) -> None:
    stand.api.documents["/api/audit"] = {"records": [], "next_cursor": None}
    assert "No changes" in text_of(await layout(_Known(stand), "", ADMIN))


async def test_what_is_silenced_and_ended_is_noted_with_whose_session(
    sources: Sources, actor: Actor, stand: Stand, config: Config
) -> None:
    written(Paths.of(config).panels, document())
    await silence(sources, actor, SilenceTarget("ServiceDown"), Form("1h", None, "known", "Anna"))
    stand.alertmanager.silences[:] = [raw_silence(id="a")]
    await end(sources, actor, "a")
    notes = [(body, headers["authorization"]) for path, body, headers in stand.api.changes if "audit" in path]
    assert [note["action"] for note, _ in notes] == ["silence_put", "silence_ended"]
    assert "Anna" in notes[0][0]["detail"]
    assert {shown for _, shown in notes} == {f"Bearer {SECRET}"}


async def test_a_silence_that_cannot_be_noted_is_made_and_that_is_said(
    sources: Sources, actor: Actor, stand: Stand, config: Config
) -> None:
    written(Paths.of(config).panels, document())
    stand.api.down = True
    answer, _ = await silence(sources, actor, SilenceTarget("ServiceDown"), Form("1h", None, "known", "Anna"))
    assert len(stand.alertmanager.changes) == 1
    assert "Silenced until" in text_of(answer)
    assert "Not recorded in the audit log" in text_of(answer)


async def test_the_api_is_told_from_where_a_person_came(config: Config, stand: Stand) -> None:
    token = Paths.of(config).console_token
    provide_token(token)
    heard: list[httpx2.Request] = []

    async def hear(request: httpx2.Request) -> httpx2.Response:
        heard.append(request)
        return await stand.api.handle_async_request(request)

    app = create_app(config, replace(stand.transports, api=httpx2.MockTransport(hear)))
    transport = httpx2.ASGITransport(app, client=("198.51.100.7", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8050") as browser:
        headers = {"Origin": "http://127.0.0.1:8050"}
        await browser.post("/login", json={"key": "iq_" + "k" * 43, "next": "/"}, headers=headers)
    (asked,) = [one for one in heard if one.url.path == "/api/sessions"]
    assert asked.headers[CONSOLE_HEADER] == token.read_text().strip()
    assert asked.headers[ORIGIN_HEADER] == "198.51.100.7"


async def test_an_api_elsewhere_is_not_shown_the_consoles_token(tmp_path: Path, stand: Stand) -> None:
    config = Config(data_dir=tmp_path, client=ClientConfig(url="http://192.0.2.1:3000"))
    provide_token(Paths.of(config).console_token)
    logins, introductions = Logins(config, stand.api), []

    async def inside(*_: object) -> None:
        introductions.append(logins._introduction())

    scope = {"type": "http", "headers": [], "client": ("198.51.100.7", 1)}
    await BrowserSession(inside, SessionCookie(8050))(scope, AsyncMock(), AsyncMock())
    await logins.aclose()
    assert introductions == [{}]

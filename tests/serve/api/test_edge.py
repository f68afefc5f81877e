"""What the API answers nginx at the edge: who may come in, for how long that holds, and that nobody else may ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from investiq.foundation.config.schema import EdgeConfig
from investiq.foundation.contract.edge import Door
from investiq.foundation.vocabulary import Access
from investiq.serve.api.keys import KeyStore
from investiq.serve.api.routes.edge import BELIEVED_SECONDS
from investiq.serve.api.sessions import SessionStore
from investiq.serve.http.edge_pass import EdgePasses
from tests.serve.api.installation import Installation, install, not_running

EDGE = EdgeConfig(enabled=True, console="console.example.org")


@pytest.fixture
async def edged(data_dir: Path) -> AsyncIterator[Installation]:
    async with not_running(install(data_dir, edge=EDGE)) as made:
        yield made


class Nginx:
    """Asks as nginx does."""

    def __init__(self, installation: Installation, data_dir: Path) -> None:
        self.installation = installation
        self.token = (data_dir / "keys" / "edge.token").read_text().strip()
        self.passes = EdgePasses(self.token)
        self.keys = KeyStore(installation.parts.store)
        self.sessions = SessionStore(installation.parts.store)

    async def ask(
        self,
        door: Door = Door.PROMETHEUS,
        kind: str = "read",
        shown: str = "",
        key: str = "",
        client: str = "192.0.2.9",
    ) -> httpx2.Response:
        headers = {
            "X-InvestIQ-Edge": self.token,
            "X-InvestIQ-Door": door,
            "X-InvestIQ-Kind": kind,
            "X-InvestIQ-Pass": shown,
            "X-Forwarded-For": client,
        }
        async with self.installation.client(headers=headers) as asking:
            return await asking.get("/internal/edge", headers={"Authorization": f"Bearer {key}"} if key else {})

    def logged_in(self, access: Access = Access.READ, door: Door = Door.PROMETHEUS) -> tuple[str, str]:
        """A pass through `door`, and its session."""
        _, key = self.keys.create("mary", access)
        session, _ = self.sessions.log_in_by_key(key)
        return self.passes.issue(door, session.id, session.expires_at), session.id


@pytest.fixture
def nginx(edged: Installation, data_dir: Path) -> Nginx:
    return Nginx(edged, data_dir)


async def test_who_is_logged_in_comes_in_and_nginx_hears_who_and_for_how_long(nginx: Nginx) -> None:
    shown, session = nginx.logged_in()
    answer = await nginx.ask(shown=shown)
    assert (answer.status_code, answer.headers["x-investiq-visitor"]) == (204, f"mary (session {session})")
    believed, stale = answer.headers["cache-control"].split(", ")
    assert believed == f"max-age={BELIEVED_SECONDS}"
    left = timedelta(seconds=int(stale.removeprefix("stale-if-error=")))
    assert timedelta(hours=11, minutes=59) < left + timedelta(seconds=BELIEVED_SECONDS) <= timedelta(hours=12)


async def test_what_changes_something_wants_more_and_is_never_believed_of_a_dead_api(nginx: Nginx) -> None:
    reader, _ = nginx.logged_in(Access.READ, Door.ALERTMANAGER)
    trader, _ = nginx.logged_in(Access.TRADE, Door.ALERTMANAGER)
    assert (await nginx.ask(Door.ALERTMANAGER, "write", reader)).status_code == 403
    allowed = await nginx.ask(Door.ALERTMANAGER, "write", trader)
    assert (allowed.status_code, allowed.headers["cache-control"]) == (204, f"max-age={BELIEVED_SECONDS}")
    assert (await nginx.ask(Door.ALERTMANAGER, "nonsense", reader)).status_code == 403


async def test_a_key_comes_in_and_a_wrong_one_does_not_even_with_a_good_pass(nginx: Nginx) -> None:
    _, key = nginx.keys.create("script", Access.READ)
    shown, _ = nginx.logged_in()
    assert (await nginx.ask(key=key)).status_code == 204
    assert (await nginx.ask(key="iq_" + "x" * 43, shown=shown)).status_code == 401


async def test_nobody_comes_in_without_a_pass_or_with_that_of_another_door(nginx: Nginx) -> None:
    shown, _ = nginx.logged_in(door=Door.GRAFANA)
    for wrong in ("", shown, shown[:-1], "nonsense"):
        answer = await nginx.ask(Door.PROMETHEUS, shown=wrong)
        assert (answer.status_code, answer.headers["cache-control"]) == (401, "max-age=2")


async def test_a_session_that_is_ended_is_out(nginx: Nginx) -> None:
    shown, session = nginx.logged_in()
    nginx.sessions.end(session)
    assert (await nginx.ask(shown=shown)).status_code == 401


async def test_a_pass_of_a_session_that_never_was_is_out(nginx: Nginx) -> None:
    made_up = nginx.passes.issue(Door.PROMETHEUS, "00000000", datetime.now(UTC) + timedelta(hours=1))
    assert (await nginx.ask(shown=made_up)).status_code == 401


@pytest.mark.parametrize("token", [None, "", "x" * 43])
async def test_whoever_is_not_nginx_learns_nothing(nginx: Nginx, token: str | None) -> None:
    shown, _ = nginx.logged_in()
    headers = {"X-InvestIQ-Door": "prometheus", "X-InvestIQ-Kind": "read", "X-InvestIQ-Pass": shown}
    headers |= {} if token is None else {"X-InvestIQ-Edge": token}
    _, key = nginx.keys.create("admin", Access.ADMIN)
    async with nginx.installation.client(headers=headers) as stranger:
        assert (await stranger.get("/internal/edge")).status_code == 401
        assert (await stranger.get("/internal/edge", headers={"Authorization": f"Bearer {key}"})).status_code == 401


async def test_without_the_edge_nobody_is_judged(data_dir: Path) -> None:
    async with not_running(install(data_dir)) as made, made.client(headers=made.bearer()) as admin:
        assert (await admin.get("/internal/edge")).status_code == 401

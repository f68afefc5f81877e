"""From the console to the other hosts of the edge: /edge gives a ticket, /.investiq/enter makes a pass of it.

nginx passes both on, and says whether who asks has been let in at the console. `serve/http/edge_pass.py` says why.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from starlette.responses import RedirectResponse

from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.contract.api import NewSession
from investiq.foundation.contract.edge import (
    DOOR_HEADER,
    ENTER_PATH,
    KNOCK_COOKIE,
    LEAVE_FOR_PATH,
    LET_IN_HEADER,
    PASS_COOKIE,
    Door,
)
from investiq.foundation.files import provide_token
from investiq.serve.http import Problem
from investiq.serve.http.edge_pass import KNOCK_LIFE, EdgePasses, is_knock
from investiq.serve.http.proxied import is_from_edge
from investiq.serve.web.local_path import local_path

__all__ = ["Edge"]

_NO_STORE = {"cache-control": "no-store"}


class Edge:
    """Gives passes to who has logged in.

    Raises:
        UnusableTokenFile: the edge's token cannot be made or read.
    """

    def __init__(self, config: Config) -> None:
        self._passes = EdgePasses(provide_token(Paths.of(config).edge_token)) if config.edge.enabled else None
        self._addresses = {door: topology.edge_url(config, door) for door in Door}

    def let_in(self, request: Request, answer: Response, session: NewSession) -> None:
        """Add to the answer of a log-in through the edge the pass to the console."""
        if self._passes is not None and is_from_edge(request.scope):
            ends = datetime.fromisoformat(session["expires_at"])
            _set_pass(answer, self._passes.issue(Door.CONSOLE, session["id"], ends), ends)

    def let_out(self, answer: Response) -> None:
        """Take the pass to the console away; those to other hosts end with the session."""
        if self._passes is not None:
            answer.delete_cookie(PASS_COOKIE, path="/", secure=True, httponly=True, samesite="lax")

    def add_routes(self, app: FastAPI) -> None:
        """Both addresses; only where the edge runs."""
        if self._passes is None:
            return
        passes = self._passes

        async def leave(request: Request) -> Response:
            return self._leave(request, passes)

        async def enter(request: Request) -> Response:
            return self._enter(request, passes)

        for path, endpoint in ((LEAVE_FOR_PATH, leave), (ENTER_PATH, enter)):
            app.add_api_route(path, endpoint, methods=["GET"], include_in_schema=False)

    def _leave(self, request: Request, passes: EdgePasses) -> Response:
        _check(request)
        wanted = _Wanted.of(request)
        now = datetime.now(UTC)
        held = passes.read(Door.CONSOLE, request.cookies.get(PASS_COOKIE, ""), now)
        if held is None or not request.headers.get(LET_IN_HEADER):
            back = f"{LEAVE_FOR_PATH}?{request.scope['query_string'].decode('latin-1')}"
            return _go(f"/login?next={quote(back, safe='')}")
        if wanted.door is Door.CONSOLE:
            return _go(local_path(wanted.next))
        address = self._addresses[wanted.door]
        if address is None:
            raise Problem(404, "not_found", "the edge has no host of that name")
        try:
            ticket = passes.ticket(wanted.door, held, wanted.knock, now)
        except ValueError as error:
            raise Problem(400, "invalid_request", str(error)) from error
        return _go(f"{address}{ENTER_PATH}?ticket={ticket}&next={wanted.next}")

    def _enter(self, request: Request, passes: EdgePasses) -> Response:
        _check(request)
        fields, next_ = _fields(request)
        try:
            door = Door(request.headers.get(DOOR_HEADER, ""))
        except ValueError as error:
            raise Problem(404, "not_found", "the edge has no host of that name") from error
        if ticket := fields.get("ticket"):
            return _enter_with(ticket, request, door, next_, passes)
        return self._knock(request, door, next_)

    def _knock(self, request: Request, door: Door, next_: str) -> Response:
        """Somebody without a pass is sent to the console, and known again when they come back."""
        held = request.cookies.get(KNOCK_COOKIE, "")
        knock = held if is_knock(held) else secrets.token_hex(16)  # two tabs knock as one
        console = self._addresses[Door.CONSOLE]
        answer = _go(f"{console}{LEAVE_FOR_PATH}?to={door}&knock={knock}&next={next_}")
        seconds = int(KNOCK_LIFE.total_seconds())
        answer.set_cookie(KNOCK_COOKIE, knock, seconds, path="/", secure=True, httponly=True, samesite="lax")
        return answer


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Where somebody wants to go. nginx cannot encode: `next` is what stands behind it, to the end."""

    door: Door
    knock: str
    next: str

    @classmethod
    def of(cls, request: Request) -> _Wanted:
        fields, next_ = _fields(request)
        try:
            return cls(Door(fields.get("to", "")), fields.get("knock", ""), next_)
        except ValueError as error:
            raise Problem(404, "not_found", "the edge has no host of that name") from error


def _enter_with(ticket: str, request: Request, door: Door, next_: str, passes: EdgePasses) -> Response:
    knock = request.cookies.get(KNOCK_COOKIE, "")
    held = passes.redeem(door, ticket, knock, datetime.now(UTC))
    if held is None:
        raise Problem(400, "ticket", "this link is too old, or is another browser's: open the page again")
    answer = _go(local_path(next_))
    _set_pass(answer, passes.issue(door, held.session_id, held.expires_at), held.expires_at)
    return answer


def _check(request: Request) -> None:
    if not is_from_edge(request.scope):
        raise Problem(404, "not_found", "only nginx at the edge asks here")


def _fields(request: Request) -> tuple[Mapping[str, str], str]:
    before, _, next_ = request.scope["query_string"].decode("latin-1").partition("next=")
    pairs = (pair.partition("=") for pair in before.split("&") if pair)
    return {name: value for name, _, value in pairs}, next_ or "/"


def _set_pass(answer: Response, text: str, ends: datetime) -> None:
    seconds = int((ends - datetime.now(UTC)).total_seconds())
    # Lax, not strict: a link in a notification opens the page, and nothing is changed by opening a page.
    answer.set_cookie(PASS_COOKIE, text, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def _go(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303, headers=_NO_STORE)

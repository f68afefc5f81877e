"""Logging in and out: the page, and what it posts. The layers around have refused what other pages send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from investiq.clients.api import ApiRefused
from investiq.clients.session import ClientError
from investiq.foundation.contract.api import NewSession
from investiq.serve.http import Problem
from investiq.serve.http.proxied import is_from_edge
from investiq.serve.web.browser_session import SessionCookie, split
from investiq.serve.web.edge import Edge
from investiq.serve.web.local_path import local_path
from investiq.serve.web.logins import Logins, TooManyAttempts

__all__ = ["add_routes"]

_NO_STORE = {"cache-control": "no-store"}

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in · InvestIQ</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/console.css">
<script src="/assets/first/scheme.js"></script>
<script src="/assets/first/login.js" defer></script>
</head>
<body>
<main class="login">
<p class="brand">Invest<span class="brand-iq">IQ</span></p>
<h1>Log in</h1>
<p>@WHY@</p>
<noscript><p class="login-said">This page needs JavaScript. Without it: <code>investiq halt</code>.</p></noscript>
<form id="by-link" hidden>
<button type="submit" class="login-button">Log in with this link</button>
<p class="muted small">Works once. You get the access of the key that made it, for twelve hours.</p>
</form>
<form id="by-key">
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="off" autocapitalize="none" spellcheck="false" required
 placeholder="iq_…" aria-describedby="key-hint">
<p id="key-hint" class="muted small">Or run <code>investiq login</code> on the InvestIQ machine
and open the link it prints.</p>
<button type="submit" class="login-button">Log in</button>
</form>
<p id="said" class="login-said" role="alert" hidden></p>
@BACK@</main>
</body>
</html>
"""


_OPEN = {
    "WHY": "You can look without logging in. Log in to trade, halt, resume or silence.",
    "BACK": '<p><a href="/">Back without logging in</a></p>\n',
}
_THROUGH_THE_EDGE = {"WHY": "From another machine, you look and act only when you are logged in.", "BACK": ""}


class _Form(BaseModel):
    """What the page posts: a key or the token of a link, and where to go on."""

    model_config = ConfigDict(extra="forbid")

    key: str | None = Field(None, max_length=200)
    link: str | None = Field(None, max_length=200)
    next: str = Field("/", max_length=2_000)


def add_routes(app: FastAPI, logins: Logins, cookie: SessionCookie, edge: Edge) -> None:
    """The page at /login, and its two changes."""

    async def page(request: Request) -> Response:
        text = PAGE
        for name, value in (_THROUGH_THE_EDGE if is_from_edge(request.scope) else _OPEN).items():
            text = text.replace(f"@{name}@", value)
        return Response(text, media_type="text/html", headers=_NO_STORE)

    async def log_in(request: Request, form: _Form) -> Response:
        session = await _begun(logins, form)
        for_cookie, for_page = split(session["secret"])
        told = {"half": for_page, "next": local_path(form.next), "name": session["name"], "scope": session["scope"]}
        answer = JSONResponse(told, headers=_NO_STORE)
        cookie.set(answer, for_cookie, _seconds_left(session), https=_is_https(request))
        edge.let_in(request, answer, session)
        return answer

    async def log_out() -> Response:
        answer = JSONResponse({}, headers=_NO_STORE)
        cookie.clear(answer)
        edge.let_out(answer)
        try:
            await logins.log_out()
        except ClientError as error:
            raise Problem(503, error.reason, f"not logged out: {error.message}") from error
        return answer

    routes: Any = (("/login", page, "GET"), ("/login", log_in, "POST"), ("/logout", log_out, "POST"))
    for path, endpoint, method in routes:
        app.add_api_route(path, endpoint, methods=[method], include_in_schema=False, response_model=None)


async def _begun(logins: Logins, form: _Form) -> NewSession:
    try:
        return await logins.log_in(key=form.key and form.key.strip(), link=form.link)
    except TooManyAttempts as error:
        raise Problem(429, error.reason, error.message, {"Retry-After": "60"}) from error
    except ApiRefused as error:
        wait = {"Retry-After": f"{error.retry_after:.0f}"} if error.retry_after is not None else {}
        raise Problem(error.status, error.problem_reason, error.message, wait) from error
    except ClientError as error:
        raise Problem(503, error.reason, f"cannot log in: {error.message}") from error


def _seconds_left(session: NewSession) -> int:
    return int((datetime.fromisoformat(session["expires_at"]) - datetime.now(UTC)).total_seconds())


def _is_https(request: Request) -> bool:
    """How the browser sees this console: a proxy in front speaks plain HTTP with it."""
    return urlsplit(request.headers.get("origin", "")).scheme == "https"

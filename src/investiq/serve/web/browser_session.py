"""A session of a browser, in two halves: one in a cookie, one in the page, and each alone is noise.

Browsers keep cookies by host, not by port. What anybody on this machine serves at http://localhost:9999 is sent the
cookies of http://localhost:8050 as soon as this browser visits it, and may set them; SameSite and HttpOnly do not help,
and `Secure` with `__Host-` needs HTTPS. localStorage is kept by origin, port included, but whatever script runs in the
page can read it.

So the secret of the API is split: the cookie holds random bytes, and the page what makes the secret of them (exclusive
or, the two-of-two sharing of a secret). The page sends its half in a header with each request of its own.

- Who steals the cookie has random bytes: neither the console nor the API takes them.
- Who sets a cookie of his own makes nonsense of the other half: he can log people out, not in as himself.
- Who forges a request sends no header, and a page of another origin may not send it.
- A script in the page, if the content security policy ever let one in, cannot take the session away with it.
- The console keeps nothing: a restart logs nobody out, and there is no key of its own to lose.
"""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextvars import ContextVar
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from investiq.serve.http.origin import origin_of

__all__ = ["HALF_HEADER", "BrowserSession", "SessionCookie", "answer_with", "join", "person_at", "presented", "split"]

HALF_HEADER = "x-investiq-half"
SHOWN_HEADER = b"x-investiq-shown"
"""Marks a refusal whose body the page is to draw (assets/session.js): Dash draws nothing but a 200."""

_PREFIX = "iqs_"
_HALF = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass
class _Exchange:
    """One request and its answer, as a callback sees them.

    Attributes:
        secret: of the session that was presented; None without one.
        origin: from where it came.
        status: with which a callback refuses.
    """

    secret: str | None = None
    origin: str | None = None
    status: int = 200


_exchange: ContextVar[_Exchange] = ContextVar("investiq_exchange")


def split(secret: str) -> tuple[str, str]:
    """The halves of a session's secret: for the cookie, and for the page."""
    whole = _bytes(secret.removeprefix(_PREFIX))
    cookie = secrets.token_bytes(len(whole))
    return _text(cookie), _text(_xor(whole, cookie))


def join(cookie: str, page: str) -> str | None:
    """The secret of which these are the halves; None where they are no halves."""
    if not _HALF.fullmatch(cookie) or not _HALF.fullmatch(page):
        return None
    return _PREFIX + _text(_xor(_bytes(cookie), _bytes(page)))


def presented() -> str | None:
    """The secret of the session that the present request shows. Whether it is valid, the API says."""
    exchange = _exchange.get(None)
    return exchange.secret if exchange else None


def person_at() -> str | None:
    """From where the present request came; None outside of one."""
    exchange = _exchange.get(None)
    return exchange.origin if exchange else None


def answer_with(status: int) -> None:
    """Let the present callback's answer carry this status, and be drawn all the same."""
    if exchange := _exchange.get(None):
        exchange.status = status


class SessionCookie:
    """Its name, and how it is set.

    Args:
        port: of this console: two installations on one machine share the cookies of a host.
    """

    def __init__(self, port: int) -> None:
        self._plain, self._secure = f"investiq_{port}", f"__Host-investiq_{port}"

    def read(self, request: Request) -> str:
        """The cookie's half; the one that only HTTPS can set goes first."""
        return request.cookies.get(self._secure) or request.cookies.get(self._plain) or ""

    def set(self, answer: Response, half: str, seconds: int, *, https: bool) -> None:
        name = self._secure if https else self._plain
        answer.set_cookie(name, half, max_age=seconds, path="/", secure=https, httponly=True, samesite="strict")

    def clear(self, answer: Response) -> None:
        answer.delete_cookie(self._plain, path="/", httponly=True, samesite="strict")
        answer.delete_cookie(self._secure, path="/", secure=True, httponly=True, samesite="strict")


class BrowserSession:
    """ASGI layer: gives callbacks the session that a request shows, and their refusals a status."""

    def __init__(self, app: ASGIApp, cookie: SessionCookie) -> None:
        self.app = app
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        secret = join(self._cookie.read(request), request.headers.get(HALF_HEADER, ""))
        exchange = _Exchange(secret, origin_of(scope))

        async def send_with_status(message: Message) -> None:
            if message["type"] == "http.response.start" and exchange.status != 200:
                shown = [*message.get("headers", ()), (SHOWN_HEADER, b"1")]
                message = {**message, "status": exchange.status, "headers": shown}
            await send(message)

        token = _exchange.set(exchange)
        try:
            await self.app(scope, receive, send_with_status)
        finally:
            _exchange.reset(token)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _bytes(half: str) -> bytes:
    return urlsafe_b64decode(half + "=")


def _text(half: bytes) -> str:
    return urlsafe_b64encode(half).decode("ascii").rstrip("=")

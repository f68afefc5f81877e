"""What keeps other pages out of the console: headers, and the origin of changes."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from investiq.serve.http import problem_response
from investiq.serve.http.pages import names_its_page

__all__ = ["SameOrigin", "SecurityHeaders", "content_security_policy"]

_SAFE = ("GET", "HEAD", "OPTIONS")


def content_security_policy(script_hashes: Iterable[str]) -> str:
    """Everything from this server, and nothing evaluated.

    Mantine, AG Grid and the price charts write `<style>` elements and style attributes: styles alone may stand inline.
    The only inline script is the line that starts Dash, allowed by its hash. AG Grid draws its icons and Mantine its
    check marks from `data:` addresses.
    """
    directives = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *script_hashes],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


class SecurityHeaders:
    """Adds the policy, and what stops framing and referrers, to every answer."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self.app = app
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"referrer-policy", b"no-referrer"),
            (b"x-frame-options", b"DENY"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class SameOrigin:
    """Refuses (403) a change that does not say from which page it comes; those of other pages came no further.

    The browser adds the cookie of who is logged in, also to what another page sends. It names the page in `Origin` with
    every POST; a request without it is no browser's, and has no business with the callbacks.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE or names_its_page(scope["headers"]):
            await self.app(scope, receive, send)
        else:
            message = "only pages of this console may send changes to it"
            await problem_response(scope, 403, "foreign_origin", message)(scope, receive, send)

"""Who may bring notifications, and read them: Alertmanager and the parts of this installation, by its token.

Without it, any program of this machine could put pages into the inbox that nobody sent, or a heartbeat that hides the
loss of the real one.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from investiq.serve.http import problem_response
from investiq.serve.http.access import CHALLENGE, MONITORING_PATHS, bearer_credential
from investiq.serve.http.token_ring import TokenRing

__all__ = ["TokenAccess"]

_REFUSED = "this needs `Authorization: Bearer` with the token in keys/inbox.token"


class TokenAccess:
    """ASGI layer: 401 for everything but /health and /metrics without the right token, before the body is read."""

    def __init__(self, app: ASGIApp, tokens: TokenRing) -> None:
        self.app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in MONITORING_PATHS and not await self._is_known(scope):
            headers = {"WWW-Authenticate": CHALLENGE}
            await problem_response(scope, 401, "inbox_token", _REFUSED, headers)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _is_known(self, scope: Scope) -> bool:
        return await self._tokens.accepts(bearer_credential(scope) or b"")

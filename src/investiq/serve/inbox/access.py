"""Who may bring notifications, and read them: Alertmanager and the parts of this installation, by its token.

Without it, any program of this machine could put pages into the inbox that nobody sent, or a heartbeat that hides the
loss of the real one.
"""

from __future__ import annotations

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from investiq.serve.http import problem_response
from investiq.serve.http.access import CHALLENGE, MONITORING_PATHS, bearer_credential

__all__ = ["TokenAccess"]

_REFUSED = "this needs `Authorization: Bearer` with the token in keys/inbox.token"


class TokenAccess:
    """ASGI layer: 401 for everything but /health and /metrics without the right token, before the body is read."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in MONITORING_PATHS and not self._has_token(scope):
            headers = {"WWW-Authenticate": CHALLENGE}
            await problem_response(scope, 401, "inbox_token", _REFUSED, headers)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _has_token(self, scope: Scope) -> bool:
        return hmac.compare_digest(bearer_credential(scope) or b"", self._token)

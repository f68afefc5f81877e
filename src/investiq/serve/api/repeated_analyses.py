"""Answers `GET /api/analyze/{symbol}` from what is kept, before FastAPI looks for a route and what that depends on.

The innermost layer: a request has passed host check, authentication and limits like any other. Whatever is not exactly
this question, or cannot be answered from what is kept, goes on to the route itself, which says all that there is to say
about it; tests/serve/api/test_repeated_analyses.py compares both.
"""

from __future__ import annotations

from collections.abc import Awaitable

from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from investiq.foundation.errors import InvestIQError
from investiq.invest.analysis.orchestrator import Orchestrator

__all__ = ["RepeatedAnalyses"]


class RepeatedAnalyses:
    """ASGI layer.

    Args:
        route: which it stands for; metrics name it by its template.
    """

    def __init__(self, app: ASGIApp, *, orchestrator: Orchestrator, route: APIRoute) -> None:
        self.app = app
        self._repeat = orchestrator.repeat
        self._route = route
        self._prefix = route.path_format.removesuffix("{symbol}")

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and scope["method"] == "GET" and not scope.get("root_path"):
            prefix, _, symbol = scope["path"].partition(self._prefix)
            body = None if prefix or not symbol else self._body(symbol)
            if body is not None:
                scope["route"] = self._route
                return _answer(send, body)
        return self.app(scope, receive, send)

    def _body(self, symbol: str) -> bytes | None:
        try:
            analysis = self._repeat(symbol)
        except InvestIQError:
            return None  # the route meets the same, and says it as it says everything
        return None if analysis is None else analysis.to_json()


async def _answer(send: Send, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""GET /internal/edge: nginx asks whether a request may come in. The middleware has found out who makes it.

Not in OpenAPI: it is between two programs of one installation. The answer says for how long it may be repeated without
asking: for a few seconds, in which a session that has ended still opens the door. While the API does not answer, a
reading of who was let in before goes on until the session would have ended by itself: somebody has to look just then.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from investiq.foundation.contract.edge import JUDGE_PATH, KIND_HEADER, VISITOR_HEADER, Kind
from investiq.foundation.vocabulary import Access
from investiq.serve.api.access import Caller
from investiq.serve.http import Problem

__all__ = ["BELIEVED_SECONDS", "edge_routes"]

BELIEVED_SECONDS = 5
"""How long nginx repeats an answer without asking."""

_NEEDED = {Kind.READ: (Access.READ, Access.TRADE, Access.ADMIN), Kind.WRITE: (Access.TRADE, Access.ADMIN)}


def edge_routes() -> APIRouter:
    """The one endpoint."""
    router = APIRouter(include_in_schema=False)

    @router.get(JUDGE_PATH)
    async def judge(request: Request) -> Response:
        caller: Caller = request.scope["caller"]
        kind = Kind.READ if request.headers.get(KIND_HEADER) == Kind.READ else Kind.WRITE
        headers = {"Cache-Control": f"max-age={BELIEVED_SECONDS}"}
        if caller.access not in _NEEDED[kind]:
            raise Problem(403, "forbidden", "this key may only read here: one with the scope trade is needed", headers)
        if kind is Kind.READ and (ends := request.scope.get("edge_pass_ends")) is not None:
            left = int((ends - datetime.now(UTC)).total_seconds())
            headers["Cache-Control"] += f", stale-if-error={max(0, left - BELIEVED_SECONDS)}"
        return Response(status_code=204, headers={**headers, VISITOR_HEADER: _as_header(caller.name)})

    return router


def _as_header(name: str) -> str:
    return "".join(character if 32 <= ord(character) < 127 else "?" for character in name)

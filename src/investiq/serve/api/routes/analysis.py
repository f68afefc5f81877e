"""GET /api/analyze/{symbol}."""

from __future__ import annotations

from fastapi import APIRouter, Response

from investiq.foundation.contract import api
from investiq.invest.analysis.orchestrator import Orchestrator
from investiq.invest.market.types import parse_symbol

__all__ = ["analysis_routes"]


def analysis_routes(orchestrator: Orchestrator) -> APIRouter:
    """The analysis endpoint; engines that compute run in threads of their own."""
    router = APIRouter(tags=["analysis"])

    @router.get(
        "/api/analyze/{symbol}",
        response_model=api.Analysis,
        responses={
            404: {"model": api.Problem, "description": "Unknown symbol; `suggestions` has the nearest known ones."},
            422: {"model": api.Problem, "description": "The text cannot be a symbol."},
        },
    )
    async def analyze(symbol: api.SymbolText) -> Response:
        """What each engine finds about the symbol now, and what they say together."""
        # As text: a model in between would be built and written anew for each request.
        return Response((await orchestrator.analyze(parse_symbol(symbol))).to_json(), media_type="application/json")

    return router

"""GET /api/analyze/{symbol}."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

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
    async def analyze(symbol: api.SymbolText) -> dict[str, Any]:
        """What each engine finds about the symbol now, and what they say together."""
        return (await orchestrator.analyze(parse_symbol(symbol))).to_dict()

    return router

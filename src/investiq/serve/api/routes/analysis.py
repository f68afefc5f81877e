"""GET /api/analyze/{symbol}, and GET /api/analyses of many symbols."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from investiq.foundation.contract import api
from investiq.invest.analysis.listing import MOST_LISTED, Listings, Page
from investiq.invest.analysis.orchestrator import Orchestrator
from investiq.invest.market.market import Market
from investiq.invest.market.types import parse_symbol
from investiq.serve.api.documents import document
from investiq.serve.http.queries import digits

__all__ = ["analysis_routes"]

Responses = dict[int | str, dict[str, Any]]

_UNKNOWN: Responses = {
    404: {"model": api.Problem, "description": "Unknown symbol; `suggestions` has the nearest known ones."}
}
_MALFORMED: Responses = {422: {"model": api.Problem, "description": "The text cannot be a symbol."}}


def analysis_routes(market: Market, orchestrator: Orchestrator) -> APIRouter:
    """The analysis endpoints; engines that compute run in threads of their own."""
    router = APIRouter(tags=["analysis"])
    listings = Listings(market, orchestrator)

    @router.get("/api/analyze/{symbol}", response_model=api.Analysis, responses={**_UNKNOWN, **_MALFORMED})
    async def analyze(symbol: api.SymbolText) -> Response:
        """What each engine finds about the symbol now, and what they say together."""
        # As text: a model in between would be built and written anew for each request.
        return Response((await orchestrator.analyze(parse_symbol(symbol))).to_json(), media_type="application/json")

    @router.get(
        "/api/analyses",
        responses={
            404: {"model": api.Problem, "description": "Unknown symbols; `symbols` names them."},
            409: {"model": api.Problem, "description": "The cursor's listing is gone: begin again without a cursor."},
            422: {"model": api.Problem, "description": f"No symbol, or more than {MOST_LISTED} of them."},
        },
    )
    async def analyses(
        symbols: api.SymbolsText | None = Query(None, description=f"at most {MOST_LISTED}; default: all there are"),
        limit: Annotated[int, Field(ge=1, le=MOST_LISTED), digits] = 100,
        cursor: str | None = Query(None, description="`next_cursor` of the page before; `symbols` is not read then"),
    ) -> api.Analyses:
        """Many symbols, best first: all pages of a listing are of the instant at which its first page was read."""
        if cursor is not None:
            return _document(listings.next(cursor, limit))
        named = None if symbols is None else [parse_symbol(text) for text in symbols.split(",")]
        return _document(await listings.first(named, limit))

    return router


def _document(page: Page) -> api.Analyses:
    listing = page.listing
    return document(
        api.Analyses,
        listing,
        symbols=len(listing.standings),
        analyses=[document(api.Standing, standing) for standing in page.standings],
        next_cursor=page.cursor,
    )

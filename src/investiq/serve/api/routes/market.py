"""GET /api/market, /api/symbols and /api/bars/{symbol}: the market as far as it is known now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from investiq.foundation.contract import api
from investiq.foundation.iso_time import IsoDate
from investiq.invest.market.market import Market
from investiq.invest.market.types import Bar, Symbol, parse_symbol
from investiq.serve.api.documents import document
from investiq.serve.api.symbol_pages import SymbolPages
from investiq.serve.http.queries import digits

__all__ = ["market_routes"]

MOST_BARS = 5_000
MOST_SYMBOLS = 5_000


def market_routes(market: Market) -> APIRouter:
    """Endpoints on `market`; plain functions, which FastAPI runs in worker threads."""
    router = APIRouter(tags=["market"])

    @router.get("/api/market")
    def state() -> api.Market:
        """Where market time stands."""
        reading = market.state()
        # JSON has no infinity: before the first price there is no age.
        age = reading.data_age_seconds if math.isfinite(reading.data_age_seconds) else None
        return document(api.Market, reading, data_age_seconds=age)

    pages = SymbolPages(market)

    @router.get("/api/symbols", response_model=api.Symbols)
    def symbols(
        limit: Annotated[int, Field(ge=1, le=MOST_SYMBOLS), digits] | None = Query(None, description="default: all"),
        cursor: api.SymbolText | None = Query(None, description="`next_cursor` of the page before"),
    ) -> Response:
        """What can be analysed and traded now, by symbol; on the first page also what was refused and why."""
        page = pages.page(None if cursor is None else parse_symbol(cursor), limit)
        return Response(page, media_type="application/json")

    @router.get(
        "/api/bars/{symbol}",
        responses={404: {"model": api.Problem, "description": "Unknown symbol; `suggestions` has the nearest known."}},
    )
    def bars(
        symbol: api.SymbolText,
        start: IsoDate | None = Query(None, alias="from", description="first session"),
        end: IsoDate | None = Query(None, alias="to", description="last session"),
        limit: Annotated[int, Field(ge=1, le=MOST_BARS), digits] = 500,
        cursor: IsoDate | None = Query(None, description="`next_cursor` of the page before"),
    ) -> api.Bars:
        """Completed sessions, ascending: from `from` onwards in pages, or without `from` the latest `limit` of them."""
        known = parse_symbol(symbol)
        first = cursor or start
        page = market.bars(known, start=first, end=end, limit=limit if first is None else limit + 1)
        return _page(known, page, limit)

    return router


def _page(symbol: Symbol, bars: Sequence[Bar], limit: int) -> api.Bars:
    """The first `limit` of `bars`; one more than that says that there is another page."""
    further = bars[limit].session.isoformat() if len(bars) > limit else None
    shown = [document(api.Bar, bar) for bar in bars[:limit]]
    return api.Bars(symbol=symbol, bars=shown, next_cursor=further)

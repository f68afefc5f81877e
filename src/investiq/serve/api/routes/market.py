"""GET /api/market, /api/symbols and /api/bars/{symbol}: the market as far as it is known now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from investiq.foundation.contract import api
from investiq.foundation.iso_time import IsoDate
from investiq.invest.market.market import Market
from investiq.invest.market.types import Bar, Symbol, parse_symbol
from investiq.serve.api.documents import document
from investiq.serve.http.queries import digits

__all__ = ["market_routes"]

MOST_BARS = 5_000


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

    @router.get("/api/symbols")
    def symbols() -> api.Symbols:
        """What can be analysed and traded now, and what was refused and why."""
        refused = [api.RefusedSymbol(symbol=s, reasons=list(r)) for s, r in sorted(market.refused().items())]
        return api.Symbols(symbols=[_summary(market, symbol) for symbol in market.symbols()], refused=refused)

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


def _summary(market: Market, symbol: Symbol) -> api.SymbolSummary:
    bars, quote = market.bars(symbol), market.quote(symbol)
    return document(
        api.SymbolSummary,
        symbol=symbol,
        first_session=bars[0].session if bars else None,
        last_session=bars[-1].session if bars else None,
        bars=len(bars),
        last_price=quote.price if quote else None,
        last_price_at=quote.at if quote else None,
        previous_close=market.previous_close(symbol),
    )


def _page(symbol: Symbol, bars: Sequence[Bar], limit: int) -> api.Bars:
    """The first `limit` of `bars`; one more than that says that there is another page."""
    further = bars[limit].session.isoformat() if len(bars) > limit else None
    shown = [document(api.Bar, bar) for bar in bars[:limit]]
    return api.Bars(symbol=symbol, bars=shown, next_cursor=further)

"""POST, GET and DELETE under /api/trades: orders."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from investiq.foundation.contract import api
from investiq.foundation.contract.text import Line
from investiq.foundation.contract.words import one_of
from investiq.foundation.figures import NEW_YORK
from investiq.foundation.iso_time import IsoDate
from investiq.foundation.store.audit import Actor
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Access, OrderStatus, OrderType, Side
from investiq.invest.market.types import parse_symbol
from investiq.invest.trading.desk import Desk
from investiq.invest.trading.ledger import OrderFilter
from investiq.invest.trading.order import Order, OrderRequest
from investiq.serve.api.access import Caller
from investiq.serve.api.documents import document, order_document
from investiq.serve.api.identity import limited_by, needs, person
from investiq.serve.api.rate_limit import RateLimit
from investiq.serve.http import Problem
from investiq.serve.http.queries import LARGEST_CURSOR, digits

__all__ = ["trade_routes"]

MOST_ORDERS = 500

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Needed, but for a dry run: 1 to 255 visible ASCII characters of your choice. The same order sent "
    "again with the same key places nothing new and gives the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_PLACED: dict[int | str, dict[str, Any]] = {
    200: {
        "model": api.Order | api.OrderPreview,
        "description": "The key was known: this is the order that it placed. With dry_run: what the order would do.",
    },
    400: {"model": api.Problem, "description": "Idempotency-Key is missing or not usable."},
    409: {"model": api.OrderDenied, "description": "Denied by a risk limit or the breaker."},
    422: {"model": api.Problem, "description": "Not an order, or the key was used for another one."},
    429: {
        "model": api.Problem,
        "description": "Too many orders within a minute; Retry-After says how long to wait.",
    },
}
_ONE: dict[int | str, dict[str, Any]] = {404: {"model": api.Problem, "description": "No order has this id."}}
_CANCELLED = _ONE | {409: {"model": api.Problem, "description": "The order is not open any more."}}


def trade_routes(desk: Desk, metrics: Metrics, trades_per_minute: int) -> APIRouter:
    """Endpoints on the desk's orders; plain functions, which FastAPI runs in worker threads."""
    router = APIRouter(tags=["trades"])
    trader = needs(Access.TRADE, metrics)
    limit_trades = limited_by(RateLimit("trades", trades_per_minute), metrics)

    async def sent(
        request: Request,
        dry_run: bool = Query(False, description="Only say what the order would cost and whether it would be denied."),
    ) -> str | None:
        """The key of an order that is to be placed; None for a dry run, which counts as no trade."""
        if dry_run:
            if "Idempotency-Key" in request.headers:  # what is sent is as described, needed or not
                _idempotency_key(request)
            return None
        await limit_trades(request)
        return _idempotency_key(request)

    @router.post(
        "/api/trades",
        status_code=201,
        response_model=api.Order,
        responses=_PLACED,
        dependencies=[Depends(trader)],
        openapi_extra={"parameters": [_IDEMPOTENCY_KEY]},
    )
    def place(
        trade: api.Trade,
        response: Response,
        key: str | None = Depends(sent),
        caller: Caller = Depends(trader),
        actor: Actor | None = Depends(person),
    ) -> api.Order | Response:
        """Place an order, or with `dry_run` say what it would do."""
        if key is None:
            return JSONResponse(document(api.OrderPreview, desk.preview(_request(trade))))
        submission = desk.submit(_request(trade), key, caller.name, actor)
        replayed = {"Idempotency-Replayed": "true"} if submission.replayed else {}
        order = order_document(submission.order)
        if submission.order.status is OrderStatus.DENIED:
            raise _denied(submission.order, order, replayed)
        response.status_code = 200 if submission.replayed else 201
        response.headers.update({"Location": f"/api/trades/{order['id']}", **replayed})
        return order

    @router.get("/api/trades")
    def orders(
        limit: Annotated[int, Field(ge=1, le=MOST_ORDERS), digits] = 100,
        cursor: Annotated[int, Field(ge=1, le=LARGEST_CURSOR), digits] | None = Query(
            None, description="`next_cursor` of the page before"
        ),
        wanted: OrderFilter = Depends(order_filter),
    ) -> api.OrderPage:
        """Orders, newest first."""
        page = desk.orders(limit=limit, cursor=cursor, wanted=wanted)
        return api.OrderPage(
            orders=[order_document(order) for order in page.orders],
            next_cursor=str(page.next_cursor) if page.next_cursor is not None else None,
        )

    @router.get("/api/trades/{order_id}", responses=_ONE)
    def order(order_id: Line) -> api.Order:
        """One order with its history."""
        return order_document(desk.order(order_id))

    @router.delete("/api/trades/{order_id}", responses=_CANCELLED)
    def cancel(order_id: Line, caller: Caller = Depends(trader), actor: Actor | None = Depends(person)) -> api.Order:
        """Cancel an open order."""
        return order_document(desk.cancel(order_id, caller.name, actor))

    return router


def order_filter(  # noqa: PLR0917  one for each parameter of the query
    symbol: api.SymbolText | None = None,
    side: Annotated[str, one_of(Side)] | None = None,
    status: Annotated[str, one_of(OrderStatus)] | None = None,
    by: Line | None = Query(None, description="who placed it, as `created_by` says"),
    start: IsoDate | None = Query(None, alias="from", description="first day in New York"),
    end: IsoDate | None = Query(None, alias="to", description="last day in New York"),
) -> OrderFilter:
    """Which orders a query asks for."""
    return OrderFilter(
        symbol=parse_symbol(symbol) if symbol is not None else None,
        side=Side(side) if side is not None else None,
        status=OrderStatus(status) if status is not None else None,
        by=by,
        since=None if start is None else _midnight(start),
        until=None if end is None or end == date.max else _midnight(end + timedelta(days=1)),
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=NEW_YORK).astimezone(UTC)


def _idempotency_key(request: Request) -> str:
    keys = request.headers.getlist("Idempotency-Key")
    key = keys[0] if len(keys) == 1 else ""
    if 0 < len(key) <= 255 and all("!" <= character <= "~" for character in key):
        return key
    raise Problem(
        400,
        "idempotency_key_missing" if not any(keys) else "invalid_idempotency_key",
        "one header Idempotency-Key is needed: 1 to 255 visible ASCII characters, such as a new UUID for a new order",
    )


def _request(trade: api.Trade) -> OrderRequest:
    return OrderRequest(
        symbol=parse_symbol(trade.symbol),
        side=Side(trade.side),
        quantity=trade.quantity,
        notional=trade.notional,
        order_type=OrderType(trade.order_type),
        limit_price=trade.limit_price,
    )


def _denied(kept: Order, order: api.Order, headers: dict[str, str]) -> Problem:
    return Problem(
        409,
        "order_denied",
        kept.message or "the order was denied",
        headers,
        denial=kept.reason,
        order=order,
    )

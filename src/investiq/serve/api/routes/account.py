"""GET /api/positions, /api/account and /api/account/equity."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from investiq.foundation.contract import api
from investiq.invest.trading.desk import Desk
from investiq.serve.api.documents import document
from investiq.serve.http.queries import digits

__all__ = ["account_routes"]

MOST_POINTS = 10_000


def account_routes(desk: Desk) -> APIRouter:
    """Endpoints on the desk's account; plain functions, which FastAPI runs in worker threads."""
    router = APIRouter(tags=["account"])

    @router.get("/api/positions")
    def positions() -> api.Positions:
        """What is held, at the latest prices, and what was sold out."""
        positions = desk.positions()
        return api.Positions(
            positions=[document(api.Position, held) for held in positions.held],
            closed=[document(api.ClosedPosition, closed) for closed in positions.closed],
        )

    @router.get("/api/account")
    def account() -> api.Account:
        """Cash, equity, profit and loss at the latest prices."""
        return document(api.Account, desk.account())

    @router.get("/api/account/equity")
    def equity(limit: Annotated[int, Field(ge=1, le=MOST_POINTS), digits] = 1_000) -> api.EquityCurve:
        """The latest points of the equity curve, ascending."""
        return api.EquityCurve(points=[document(api.EquityPoint, point) for point in desk.equity_points(limit)])

    return router

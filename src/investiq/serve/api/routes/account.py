"""GET /api/positions, /api/account and /api/account/equity."""

from __future__ import annotations

from fastapi import APIRouter, Query

from investiq.invest.trading.desk import Desk
from investiq.serve.api import schema

__all__ = ["account_routes"]

MOST_POINTS = 10_000


def account_routes(desk: Desk) -> APIRouter:
    """Endpoints on the desk's account; plain functions, which FastAPI runs in worker threads."""
    router = APIRouter(tags=["account"])

    @router.get("/api/positions")
    def positions() -> schema.Positions:
        """What is held, at the latest prices."""
        return schema.Positions(positions=[schema.Position.model_validate(held) for held in desk.positions()])

    @router.get("/api/account")
    def account() -> schema.Account:
        """Cash, equity, profit and loss at the latest prices."""
        return schema.Account.model_validate(desk.account())

    @router.get("/api/account/equity")
    def equity(limit: int = Query(1_000, ge=1, le=MOST_POINTS)) -> schema.EquityCurve:
        """The latest points of the equity curve, ascending."""
        points = [schema.EquityPoint.model_validate(point) for point in desk.equity_points(limit)]
        return schema.EquityCurve(points=points)

    return router

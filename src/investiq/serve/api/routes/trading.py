"""GET /api/trading/status, POST /api/trading/halt and /api/trading/resume."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from investiq.foundation.telemetry.metrics import Metrics
from investiq.invest.trading.desk import Desk
from investiq.serve.api import schema
from investiq.serve.api.access import Access, Caller
from investiq.serve.api.identity import needs

__all__ = ["trading_routes"]

_RESUMED: dict[int | str, dict[str, Any]] = {
    409: {"model": schema.Problem, "description": "The heartbeat of the monitoring does not arrive: monitoring_lost."}
}


def trading_routes(desk: Desk, metrics: Metrics) -> APIRouter:
    """Endpoints on the breaker. Whoever may trade may halt; only an admin may resume."""
    router = APIRouter(tags=["trading"])
    trader, admin = needs(Access.TRADE, metrics), needs(Access.ADMIN, metrics)

    @router.get("/api/trading/status")
    def status() -> schema.TradingStatus:
        """Whether trading is halted, why, and how far the limits are."""
        return schema.TradingStatus.model_validate(desk.status())

    @router.post("/api/trading/halt")
    def halt(why: schema.TradingReason, caller: Caller = Depends(trader)) -> schema.TradingStatus:
        """Deny every order that adds to a position, until somebody resumes. Exits stay allowed."""
        return schema.TradingStatus.model_validate(desk.halt(why.reason, caller.name))

    @router.post("/api/trading/resume", responses=_RESUMED)
    def resume(why: schema.TradingReason, caller: Caller = Depends(admin)) -> schema.TradingStatus:
        """Allow entries again. Needs an admin key, and a monitoring that is heard."""
        return schema.TradingStatus.model_validate(desk.resume(why.reason, caller.name))

    return router

"""GET /api/trading/status, POST /api/trading/halt and /api/trading/resume."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from investiq.foundation.contract import api
from investiq.foundation.store.audit import Actor
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Access
from investiq.invest.trading.desk import Desk
from investiq.invest.trading.views import TradingStatus
from investiq.serve.api.access import Caller
from investiq.serve.api.documents import document, order_document
from investiq.serve.api.identity import needs, person
from investiq.serve.http.queries import LARGEST_CURSOR, digits

__all__ = ["trading_routes"]

MOST_EVENTS: Final = 500

_RESUMED: dict[int | str, dict[str, Any]] = {
    409: {"model": api.Problem, "description": "The heartbeat of the monitoring does not arrive: monitoring_lost."}
}


def trading_routes(desk: Desk, metrics: Metrics) -> APIRouter:
    """Endpoints on the breaker. Whoever may trade may halt; only an admin may resume."""
    router = APIRouter(tags=["trading"])
    trader, admin = needs(Access.TRADE, metrics), needs(Access.ADMIN, metrics)

    @router.get("/api/trading/status")
    def status() -> api.TradingStatus:
        """Whether trading is halted, why, and how far the limits are."""
        return _document(desk.status())

    @router.get("/api/trading/halt")
    def halt_preview() -> api.HaltPreview:
        """What a halt would do now; nothing is changed."""
        would = desk.halt_preview()
        return document(
            api.HaltPreview,
            would,
            cancels=[order_document(order) for order in would.cancels],
            keeps=[order_document(order) for order in would.keeps],
        )

    @router.get("/api/trading/halts")
    def halts(
        limit: Annotated[int, Field(ge=1, le=MOST_EVENTS), digits] = 100,
        cursor: Annotated[int, Field(ge=1, le=LARGEST_CURSOR), digits] | None = Query(
            None, description="`next_cursor` of the page before"
        ),
    ) -> api.BreakerLog:
        """Every halt and resume: who, why, and what the account was worth; newest first."""
        found = desk.breaker_log(limit + 1, cursor)
        shown = found[:limit]
        return api.BreakerLog(
            events=[document(api.BreakerRecord, event) for event in shown],
            next_cursor=str(shown[-1].id) if len(found) > limit else None,
        )

    @router.post("/api/trading/halt")
    def halt(
        why: api.TradingReason, caller: Caller = Depends(trader), actor: Actor | None = Depends(person)
    ) -> api.TradingStatus:
        """Deny every order that adds to a position until somebody resumes, and cancel the open ones. Exits stay."""
        return _document(desk.halt(why.reason, caller.name, actor))

    @router.post("/api/trading/resume", responses=_RESUMED)
    def resume(
        why: api.TradingReason, caller: Caller = Depends(admin), actor: Actor | None = Depends(person)
    ) -> api.TradingStatus:
        """Allow entries again. Needs an admin key, and a monitoring that is heard."""
        return _document(desk.resume(why.reason, caller.name, actor))

    return router


def _document(status: TradingStatus) -> api.TradingStatus:
    return document(api.TradingStatus, status, monitoring=document(api.Monitoring, status.monitoring))

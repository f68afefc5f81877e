"""POST /internal/heartbeat: Alertmanager says that the monitoring lives. The middleware asks for a token of its own.

Not in OpenAPI: it is between two programs of one installation. It runs on the event loop and touches memory only, so
that it gets through while worker threads or the database hang.
"""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request
from pydantic import ValidationError

from investiq.foundation.contract.heartbeat import (
    EVALUATED_AT,
    FUTURE_SECONDS,
    HEARTBEAT_PATH,
    WATCHDOG_LABELS,
    evaluations,
)
from investiq.foundation.contract.webhook import WebhookMessage
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import BeatOutcome
from investiq.invest.trading.desk import Desk
from investiq.serve.http import Problem

__all__ = ["heartbeat_routes"]

_log = structlog.get_logger(__name__)


def heartbeat_routes(desk: Desk, metrics: Metrics) -> APIRouter:
    """The one endpoint. What is no heartbeat is refused aloud: Alertmanager counts it as a failed notification."""
    router = APIRouter(include_in_schema=False)
    counted = metrics.counter(catalogue.HEARTBEATS)

    @router.post(HEARTBEAT_PATH)
    async def beat(request: Request) -> dict[str, object]:
        outcome = _beat(desk, await request.body())
        counted.labels(outcome.value).inc()
        if outcome in _FAULTS:
            _log.warning("no_heartbeat", reason=outcome.value, fault=_FAULTS[outcome])
            raise Problem(422, f"heartbeat_{outcome}", _FAULTS[outcome])
        return {"outcome": outcome.value, "heartbeat": desk.heartbeat_record()[0].state.value}

    return router


_FAULTS = {
    BeatOutcome.FUTURE: f"it was evaluated more than {FUTURE_SECONDS:g} s from now, and counts as none: the clocks of "
    "Prometheus and of the API differ",
    BeatOutcome.MALFORMED: "it is not Alertmanager's webhook of version 4 with a firing alert that has the labels "
    f"{dict(WATCHDOG_LABELS)} and no others, and whose annotation {EVALUATED_AT} holds Unix seconds: it counts as none",
}


def _beat(desk: Desk, body: bytes) -> BeatOutcome:
    try:
        moments = evaluations(WebhookMessage.model_validate_json(body).alerts)
    except ValidationError:
        return BeatOutcome.MALFORMED
    if not moments:
        return BeatOutcome.MALFORMED
    outcomes = {desk.beat(moment) for moment in moments}
    return min(outcomes, key=list(BeatOutcome).index)  # the best of them: one good heartbeat is one

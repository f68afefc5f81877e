"""GET /health and GET /metrics: what watches the API reads these."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request, Response

from investiq import __version__
from investiq.foundation.contract import api
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import HealthStatus
from investiq.invest.trading.desk import Desk
from investiq.serve.api.documents import document
from investiq.serve.api.health import HealthMonitor
from investiq.serve.http import metrics_response

__all__ = ["health_routes"]


def health_routes(monitor: HealthMonitor, desk: Desk, metrics: Metrics) -> APIRouter:
    """Answers from memory: both stay fast while everything else hangs."""
    router = APIRouter(tags=["health"])
    started = time.monotonic()

    @router.get("/health", responses={503: {"model": api.Health, "description": "A critical dependency is down."}})
    async def health(response: Response) -> api.Health:
        """How the API and each of its dependencies is. 503 when a critical one is down."""
        report = _report(monitor, desk, time.monotonic() - started)
        response.status_code = 503 if report["status"] == HealthStatus.DOWN else 200
        response.headers["Cache-Control"] = "no-store"
        return report

    @router.get("/metrics", include_in_schema=False)
    async def exposition(request: Request) -> Response:
        return metrics_response(metrics, request.headers.get("accept"))

    return router


def _report(monitor: HealthMonitor, desk: Desk, uptime: float) -> api.Health:
    results = monitor.results()
    dependencies = {
        check.name: api.Dependency(
            status="up" if results[check.name].up else "down",
            critical=check.critical,
            latency_ms=results[check.name].latency_ms,
            error=results[check.name].error,
        )
        for check in monitor.checks
    }
    return api.Health(
        status=monitor.status(),
        version=__version__,
        uptime_seconds=round(uptime, 3),
        dependencies=dependencies,
        monitoring=document(api.Monitoring, desk.monitoring()),
    )

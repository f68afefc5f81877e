"""GET /health: how the API and what it leans on is."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import Response

from investiq import __version__
from investiq.foundation.contract import api
from investiq.invest.trading.desk import Desk
from investiq.serve.api.documents import document
from investiq.serve.api.health import HealthMonitor
from investiq.serve.http import set_health_status

__all__ = ["HEALTH_OPTIONS", "health_endpoint"]

HEALTH_OPTIONS: Final[dict[str, Any]] = {
    "tags": ["health"],
    "responses": {503: {"model": api.Health, "description": "A critical dependency is down."}},
}
"""What OpenAPI says of the route beside what the endpoint says itself."""


def health_endpoint(monitor: HealthMonitor, desk: Desk) -> Callable[[Response], Awaitable[api.Health]]:
    """Answers from memory: it stays fast while everything else hangs."""
    started = time.monotonic()

    async def health(response: Response) -> api.Health:
        """How the API and each of its dependencies is. 503 when a critical one is down."""
        report = _report(monitor, desk, time.monotonic() - started)
        set_health_status(response, report["status"])
        return report

    return health


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

"""Measures how late the event loop is: the one signal that every request of an asyncio server feels."""

from __future__ import annotations

import time
from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.serve.http.periodic import PeriodicTask

__all__ = ["LoopLag"]

INTERVAL_SECONDS = 0.5


class LoopLag:
    """While the application lives, wants to be woken every half second, and observes how much later it is.

    It lives as long as the ASGI lifespan, which passes through here like a request.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self.app = app
        self._lag = metrics.histogram(catalogue.EVENT_LOOP_LAG)
        self._interval = interval_seconds
        self._due: float | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        live = self._live if scope["type"] == "lifespan" else self.app
        return live(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        measuring = PeriodicTask("event loop lag", self._interval, self._measure)
        measuring.start()
        try:
            await self.app(scope, receive, send)
        finally:
            await measuring.stop()

    async def _measure(self) -> None:
        now = time.perf_counter()
        if self._due is not None:  # nothing was due before the first time
            self._lag.observe(max(0.0, now - self._due))
        self._due = now + self._interval

"""Measures how late the event loop is: the one signal that every request of an asyncio server feels."""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Receive, Scope, Send

from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics

__all__ = ["LoopLag"]

INTERVAL_SECONDS = 0.5


class LoopLag:
    """While the application lives, sleeps half a second at a time and observes how much later it wakes up.

    It lives as long as the ASGI lifespan, which passes through here like a request.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self.app = app
        self._lag = metrics.histogram(catalogue.EVENT_LOOP_LAG)
        self._interval = interval_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        watch = asyncio.create_task(self._watch())
        try:
            await self.app(scope, receive, send)
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        while True:
            due = time.perf_counter() + self._interval
            await asyncio.sleep(self._interval)
            self._lag.observe(max(0.0, time.perf_counter() - due))

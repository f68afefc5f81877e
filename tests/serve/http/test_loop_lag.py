"""The lag of the event loop is measured while the application lives, and no longer."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.http.loop_lag import LoopLag

NAME = "investiq_event_loop_lag_seconds"


async def _live_until_shutdown(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        pass


def _sample(metrics: Metrics, suffix: str) -> float:
    return metrics.registry.get_sample_value(f"{NAME}_{suffix}") or 0.0


async def _send(_message: Message) -> None: ...


async def test_a_blocked_loop_is_seen_as_lag_and_nothing_is_measured_after_the_shutdown() -> None:
    metrics = Metrics(Part.API)
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    layer = LoopLag(_live_until_shutdown, metrics, interval_seconds=0.01)
    life = asyncio.ensure_future(layer({"type": "lifespan"}, messages.get, _send))
    while _sample(metrics, "count") < 2:
        await asyncio.sleep(0.005)
    before = _sample(metrics, "sum")
    time.sleep(0.1)
    while _sample(metrics, "sum") - before < 0.05:
        await asyncio.sleep(0.005)
    await messages.put({"type": "lifespan.shutdown"})
    await life
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_request_passes_unchanged() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        raise AssertionError("nobody reads")

    await LoopLag(app, Metrics(Part.API))({"type": "http"}, receive, _send)
    assert seen == [{"type": "http"}]

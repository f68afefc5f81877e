"""What one scrape of the API's /metrics costs: CPU, series, bytes.

    python -m benchmarks.exposition [--rounds 40] [--quick] [--json]

The API is built in this process, on a data folder of its own, and asked through ASGI as Prometheus asks: no sockets.
`bare` is the client library's OpenMetrics text of the same registry, which is what a scraper would get that is answered
with the first format that it names. Rounds take turns; medians of CPU time.

Not compared: the network, and what Prometheus does with the answer.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI
from prometheus_client.openmetrics.exposition import generate_latest
from starlette.types import Message, Scope

from benchmarks.rows import Report, Rounds, Row, main
from investiq.foundation.config.schema import Config
from investiq.foundation.telemetry import logging
from investiq.invest.wiring import ApiParts, build_api_parts
from investiq.serve.api.app import create_app

OURS, BARE = "one scrape", "OpenMetrics text alone"
CPU_GOAL, SERIES_GOAL = 5.0, 600
ACCEPT = b"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.7,text/plain;q=0.5"


async def scrape(app: FastAPI) -> bytes:
    """The answer to a Prometheus on this machine."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/metrics",
        "raw_path": b"/metrics",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1:3000"), (b"accept", ACCEPT)],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 3000),
    }
    body = bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        body.extend(message.get("body", b""))

    await app(scope, receive, send)
    return bytes(body)


async def _milliseconds(work: Callable[[], Awaitable[object]]) -> float:
    started = time.process_time()
    await work()
    return (time.process_time() - started) * 1e3


async def _measure(parts: ApiParts, app: FastAPI, rounds: Rounds) -> tuple[dict[str, list[float]], int]:
    """CPU milliseconds in each round, and the series of the answer."""

    async def bare() -> object:
        return generate_latest(parts.metrics.registry)  # type: ignore[no-untyped-call]

    text = (await scrape(app)).decode()
    times: dict[str, list[float]] = {OURS: [], BARE: []}
    for _ in rounds:
        times[OURS].append(await _milliseconds(lambda: scrape(app)))
        times[BARE].append(await _milliseconds(bare))
    return times, sum(not line.startswith("#") for line in text.splitlines())


def measure(rounds: Rounds) -> Report:
    logging.configure("benchmark", "info", io.StringIO())
    with TemporaryDirectory() as folder:
        parts = build_api_parts(Config(data_dir=Path(folder)))
        times, series = asyncio.run(_measure(parts, create_app(parts), rounds))
    caveats = "the network, and what Prometheus does with the answer"
    command = "python -m benchmarks.exposition"
    return Report(
        [
            Row(
                name="one scrape of the API",
                unit="ms",
                ours=times[OURS],
                peer_name=BARE,
                peer=times[BARE],
                goal=CPU_GOAL,
                goal_of="ours",
                not_compared=caveats,
                command=command,
            ),
            Row(
                name="series of the API at rest",
                unit="series",
                ours=[series],
                goal=SERIES_GOAL,
                goal_of="ours",
                not_compared=caveats,
                command=command,
            ),
        ]
    )


if __name__ == "__main__":
    main("exposition", __doc__, measure, rounds=40, quick=5)

"""What one scrape of the API's /metrics costs: CPU, series, bytes.

    python benchmarks/exposition.py [--rounds 40] [--json]

The API is built in this process, on a data folder of its own, and asked through ASGI as Prometheus asks: no sockets.
`bare` is the client library's OpenMetrics text of the same registry, which is what a scraper would get that is answered
with the first format that it names. Rounds take turns; medians of CPU time.

Not compared: the network, and what Prometheus does with the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from prometheus_client.openmetrics.exposition import generate_latest
from starlette.types import Message, Scope

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


async def measure(parts: ApiParts, app: FastAPI, rounds: int) -> dict[str, Any]:
    """Medians, and the size of the answer."""

    async def bare() -> object:
        return generate_latest(parts.metrics.registry)  # type: ignore[no-untyped-call]

    text = (await scrape(app)).decode()
    times: dict[str, list[float]] = {OURS: [], BARE: []}
    for _ in range(rounds):
        times[OURS].append(await _milliseconds(lambda: scrape(app)))
        times[BARE].append(await _milliseconds(bare))
    series = sum(not line.startswith("#") for line in text.splitlines())
    medians = {name: statistics.median(each) for name, each in times.items()}
    return {"cpu_ms": medians, "series": series, "bytes": len(text)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.configure("benchmark", "info", io.StringIO())
    with TemporaryDirectory() as folder:
        parts = build_api_parts(Config(data_dir=Path(folder)))
        result = asyncio.run(measure(parts, create_app(parts), options.rounds))
    ours, bare = result["cpu_ms"][OURS], result["cpu_ms"][BARE]
    if options.json:
        print(json.dumps({**result, "ratio": ours / bare}))
        return
    print(f"{OURS:<24} {ours:6.1f} ms of CPU, goal {CPU_GOAL:g}")
    print(f"{BARE:<24} {bare:6.1f} ms of CPU; ratio {ours / bare:.2f}")
    print(f"{result['series']} series at rest, goal {SERIES_GOAL}; {result['bytes']:,} bytes")


if __name__ == "__main__":
    main()

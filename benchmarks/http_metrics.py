"""What measuring a request costs: our middleware beside prometheus-fastapi-instrumentator, on the same application.

    pip install -e .[bench]
    python benchmarks/http_metrics.py [--requests 4000] [--rounds 9] [--json]

Each contender wraps the same small FastAPI application, which is called through ASGI in this process: no sockets, no
client, so what is left is the application and the middleware. Rounds take turns, so that a busy moment of the machine
hits all contenders alike. The cost of a contender is the median over the rounds of (its time less that of the bare
application in the same round), per request.

`ours` is RequestMetrics alone, the part that the peer also does: count, time, and label with the route template.
`all layers` adds what the peer does not do: request id, access log, HEAD, host check, body limit, error boundary.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator, metrics
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Scope

from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.telemetry import catalogue, logging
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.http import HostPolicy, MonitoringAccess, create_server
from investiq.serve.http.middleware import RequestMetrics

BARE, OURS, LAYERS, PEER = "bare application", "ours", "all layers", "instrumentator"


def application(*layers: Middleware) -> FastAPI:
    """The application of all contenders, inside `layers`."""
    return with_route(FastAPI(docs_url=None, redoc_url=None, middleware=layers))


def with_route(app: FastAPI) -> FastAPI:
    """The one route that is asked for."""

    @app.get("/items/{item}")
    async def item(item: str) -> dict[str, str]:
        return {"item": item}

    return app


def with_our_metrics() -> ASGIApp:
    """Only the layer that measures."""
    return application(Middleware(RequestMetrics, metrics=Metrics(Part.WEB)))


def with_all_layers() -> ASGIApp:
    """Everything that stands around a server of ours."""

    def health() -> None:
        """Nobody asks."""

    server = create_server(
        "benchmark",
        metrics=Metrics(Part.WEB),
        access=MonitoringAccess(Part.WEB, ApiConfig()),
        hosts=HostPolicy("127.0.0.1"),
        max_body_bytes=65_536,
        health=health,
    )
    return with_route(server)


def with_instrumentator() -> ASGIApp:
    """The peer, set up to do the same work: one counter and one histogram by template, method and status."""
    app, registry = application(), CollectorRegistry()
    instrumentator = Instrumentator(should_group_status_codes=False, registry=registry)
    instrumentator.add(metrics.requests(registry=registry))
    buckets = catalogue.REQUEST_DURATION.buckets
    instrumentator.add(metrics.latency(registry=registry, buckets=[bound / 1000 for bound in buckets]))
    instrumentator.instrument(app)
    return app


CONTENDERS: dict[str, Callable[[], ASGIApp]] = {
    BARE: application,
    OURS: with_our_metrics,
    LAYERS: with_all_layers,
    PEER: with_instrumentator,
}


async def _request(app: ASGIApp) -> None:
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/items/7",
        "raw_path": b"/items/7",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"accept", b"*/*")],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200

    await app(scope, receive, send)


async def _microseconds(app: ASGIApp, requests: int) -> float:
    gc.collect()
    started = time.perf_counter()
    for _ in range(requests):
        await _request(app)
    return (time.perf_counter() - started) / requests * 1e6


async def measure(requests: int, rounds: int) -> dict[str, float]:
    """Median microseconds per request: the bare application's, and what each contender adds to it."""
    apps = {name: make() for name, make in CONTENDERS.items()}
    for app in apps.values():
        await _microseconds(app, requests // 10)  # imports, caches, first label sets
    times: dict[str, list[float]] = {name: [] for name in apps}
    for _ in range(rounds):
        for name, app in apps.items():
            times[name].append(await _microseconds(app, requests))
    added = {
        name: statistics.median(a - b for a, b in zip(times[name], times[BARE], strict=True))
        for name in apps
        if name != BARE
    }
    return {BARE: statistics.median(times[BARE]), **added}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=4_000, help="requests in a round")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.configure("benchmark", "info", io.StringIO())  # lines are written as in production, but kept off the screen
    result: dict[str, Any] = asyncio.run(measure(options.requests, options.rounds))
    ratio = result[OURS] / result[PEER]
    if options.json:
        print(json.dumps({"microseconds": result, "ours_to_instrumentator": ratio}))
        return
    print(f"{BARE:<18} {result[BARE]:7.1f} µs a request")
    for name in (OURS, LAYERS, PEER):
        print(f"{name:<18} {result[name]:+7.1f} µs")
    print(f"ours / instrumentator = {ratio:.2f}")


if __name__ == "__main__":
    main()

"""What the layers around each server cost a request: all of them against the bare application, in this process.

    python benchmarks/layers.py [--requests 150] [--rounds 41] [--json]

The same small FastAPI application is called through ASGI, bare, inside each common layer alone, inside all of them, and
inside those of the API, which add authentication and the rate limit. Rounds take turns. A cost is the median over the
rounds of (CPU time less that of the bare application in the same round), per request; log lines are written as in
production, to nowhere.

Not compared: no framework does all of this; `benchmarks/http_metrics.py` has a peer for the metrics alone.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Scope

from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.store import migrate, open_engine
from investiq.foundation.telemetry import logging
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.api.auth import REFUSALS, AuthMiddleware
from investiq.serve.api.key_ring import KeyRing
from investiq.serve.api.keys import KeyStore
from investiq.serve.api.sessions import Credentials, SessionStore
from investiq.serve.http import HostPolicy, MonitoringAccess, create_server

BARE, COMMON, API = "bare application", "all common layers", "all layers of the API"
GOAL_MICROSECONDS = 60.0


def with_route(app: FastAPI) -> FastAPI:
    """The one route that is asked for."""

    @app.get("/items/{item}")
    async def item(item: str) -> dict[str, str]:
        return {"item": item}

    return app


def bare(*layers: Middleware) -> FastAPI:
    """The same application with the same routes, inside `layers` alone."""
    app = common()
    app.user_middleware[:] = layers
    return app


def common(part: Part = Part.WEB, inner: Sequence[Middleware] = (), metrics: Metrics | None = None) -> FastAPI:
    """Everything that stands around a server of ours."""

    def health() -> None:
        """Nobody asks."""

    server = create_server(
        "benchmark",
        metrics=metrics or Metrics(part),
        access=MonitoringAccess(part, ApiConfig()),
        hosts=HostPolicy("127.0.0.1"),
        max_body_bytes=65_536,
        health=health,
        inner_layers=inner,
        refusals=REFUSALS if inner else {},
    )
    return with_route(server)


def of_the_api(folder: str) -> FastAPI:
    """Everything that stands around the API, asked from loopback without a key."""
    store = open_engine(f"sqlite:///{Path(folder) / 'ledger.db'}")
    migrate(store)
    metrics = Metrics(Part.API)
    door = Middleware(
        AuthMiddleware,
        keys=KeyRing(Credentials(KeyStore(store), SessionStore(store))),
        access=MonitoringAccess(Part.API, ApiConfig()),
        heartbeat_token="of the benchmark",  # noqa: S106
        requests_per_minute=1_000_000,
        metrics=metrics,
    )
    return common(Part.API, [door], metrics)


def contenders(folder: str) -> dict[str, Callable[[], ASGIApp]]:
    """What is compared: each common layer alone, and all of them."""
    layers = {layer.cls.__name__: layer for layer in common().user_middleware}  # type: ignore[attr-defined]
    alone = {f"  {name}": (lambda layer=layer: bare(layer)) for name, layer in layers.items()}
    return {BARE: bare, **alone, COMMON: common, API: lambda: of_the_api(folder)}


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
        "headers": [
            (b"host", b"127.0.0.1:3000"),
            (b"accept", b"*/*"),
            (b"accept-encoding", b"gzip, deflate"),
            (b"user-agent", b"python-httpx2/2.16"),
        ],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 3000),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message

    await app(scope, receive, send)


async def _microseconds(app: ASGIApp, requests: int) -> float:
    gc.collect()
    started = time.process_time()
    for _ in range(requests):
        await _request(app)
    return (time.process_time() - started) / requests * 1e6


async def measure(requests: int, rounds: int, folder: str) -> dict[str, float]:
    """Median microseconds a request: the bare application's, and what each contender adds to it."""
    apps = {name: make() for name, make in contenders(folder).items()}
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
    parser.add_argument("--requests", type=int, default=150, help="requests in a round")
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        logging.configure("benchmark", "info", nowhere)
        result: dict[str, Any] = asyncio.run(measure(options.requests, options.rounds, folder))
    if options.json:
        print(json.dumps({"microseconds": result, "goal": GOAL_MICROSECONDS}))
        return
    print(f"{BARE:<24} {result[BARE]:7.1f} µs a request")
    for name in list(result)[1:]:
        print(f"{name:<24} {result[name]:+7.1f} µs = {result[name] / result[BARE]:.2f} x bare")
    print(f"goal: all layers within {GOAL_MICROSECONDS:g} µs")


if __name__ == "__main__":
    main()

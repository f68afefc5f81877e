"""What the layers around each server cost a request: all of them against the bare application, in this process.

    python -m benchmarks.layers [--rounds 41] [--quick] [--json]

The same small FastAPI application is called through ASGI, bare, inside each common layer alone (with AnswerHeaders, on
which the others lean), inside all of them, and inside those of the API, which add authentication and the rate limit.
Rounds take turns. A cost is the median over the rounds of (CPU time less that of the bare application in the same
round), per request; log lines are written as in production, to nowhere.

Not compared: no framework does all of this; `benchmarks/http_metrics.py` has a peer for the metrics alone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from benchmarks.asgi import microseconds
from benchmarks.rows import Report, Rounds, Row, main
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
from investiq.serve.http.answers import AnswerHeaders
from investiq.serve.http.token_ring import TokenRing

BARE, COMMON, API = "bare application", "all common layers", "all layers of the API"
_OUTERMOST = f"  {AnswerHeaders.__name__}"
GOAL_MICROSECONDS = 60.0
PATH, REQUESTS = "/items/7", 150
"""In a round, for each contender."""


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


def alone(layer: Middleware) -> FastAPI:
    """Inside one layer, and the outermost that all lean on."""
    outermost = Middleware(AnswerHeaders)
    return bare(outermost) if layer.cls == outermost.cls else bare(outermost, layer)


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
        heartbeat_tokens=TokenRing(Path(folder) / "heartbeat.token"),
        requests_per_minute=1_000_000,
        metrics=metrics,
    )
    return common(Part.API, [door], metrics)


def contenders(folder: str) -> dict[str, Callable[[], ASGIApp]]:
    """What is compared: each common layer alone, and all of them."""
    layers = {layer.cls.__name__: layer for layer in common().user_middleware}  # type: ignore[attr-defined]
    each = {f"  {name}": (lambda layer=layer: alone(layer)) for name, layer in layers.items()}
    return {BARE: bare, **each, COMMON: common, API: lambda: of_the_api(folder)}


async def _measure(rounds: Rounds, folder: str) -> dict[str, list[float]]:
    """Microseconds a request in each round."""
    apps = {name: make() for name, make in contenders(folder).items()}
    for app in apps.values():
        await microseconds(app, PATH, REQUESTS)  # imports, caches, first label sets
    times: dict[str, list[float]] = {name: [] for name in apps}
    for _ in rounds:
        for name, app in apps.items():
            times[name].append(await microseconds(app, PATH, REQUESTS))
    return times


def _without(name: str) -> str:
    """What a layer that stands alone is compared with."""
    return BARE if name in (_OUTERMOST, COMMON, API) else _OUTERMOST


def measure(rounds: Rounds) -> Report:
    with TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        logging.configure("benchmark", "info", nowhere)
        times = asyncio.run(_measure(rounds, folder))
    return Report(
        [
            Row(
                name=f"added to a request by {name.strip()}",
                unit="µs",
                ours=[a - b for a, b in zip(found, times[_without(name)], strict=True)],
                goal=GOAL_MICROSECONDS if name in (COMMON, API) else None,
                goal_of="ours",
                not_compared="no framework does all of this; sockets and server",
                command="python -m benchmarks.layers",
            )
            for name, found in times.items()
            if name != BARE
        ]
    )


if __name__ == "__main__":
    main("layers", __doc__, measure, rounds=41, quick=5)

"""What measuring a request costs: our middleware beside those that FastAPI applications use, on the same application.

    python -m benchmarks.http_metrics [--rounds 41] [--quick] [--json]

Each contender wraps the same small FastAPI application, which is called through ASGI in this process: no sockets, no
client, so what is left is the application and the middleware. The cost of a contender is its time less that of the bare
application in the same round, per request.

Ours is RequestMetrics with the layer that tells it the status, the part that the peers also do: count, time, and label
with the route template.
`all layers` adds what no peer does: request id, access log, HEAD, host check, body limit, error boundary.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable

from fastapi import FastAPI
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.trace import NoOpTracerProvider
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator, metrics
from starlette.middleware import Middleware
from starlette.types import ASGIApp
from starlette_exporter import PrometheusMiddleware

from benchmarks.asgi import get, microseconds
from benchmarks.rows import Report, Rounds, Row, main
from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.telemetry import catalogue, logging
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.http import HostPolicy, MonitoringAccess, create_server
from investiq.serve.http.answers import AnswerHeaders
from investiq.serve.http.middleware import RequestMetrics

REQUESTS = 300
"""In a round, for each contender."""

BARE, OURS, LAYERS = "bare application", "ours", "all layers"
INSTRUMENTATOR, EXPORTER, OPENTELEMETRY = "instrumentator", "starlette_exporter", "OpenTelemetry"
BUCKETS = [bound / 1000 for bound in catalogue.REQUEST_DURATION.buckets]
PATH = "/items/7"


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
    """Only the layer that measures, and the one that tells it the status."""
    return application(Middleware(AnswerHeaders), Middleware(RequestMetrics, metrics=Metrics(Part.WEB)))


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
    """One counter and one histogram by template, method and status."""
    app, registry = application(), CollectorRegistry()
    instrumentator = Instrumentator(should_group_status_codes=False, registry=registry)
    instrumentator.add(metrics.requests(registry=registry))
    instrumentator.add(metrics.latency(registry=registry, buckets=BUCKETS))
    instrumentator.instrument(app)
    return app


def with_exporter() -> ASGIApp:
    """The same, and a gauge of the requests in progress, which it always keeps."""
    return application(Middleware(PrometheusMiddleware, app_name="benchmark", buckets=BUCKETS, group_paths=True))


def with_opentelemetry() -> ASGIApp:
    """Its metrics alone, read out in Prometheus' format; spans are not recorded."""
    app, provider = application(), MeterProvider(metric_readers=[PrometheusMetricReader()])
    FastAPIInstrumentor.instrument_app(app, meter_provider=provider, tracer_provider=NoOpTracerProvider())
    return app


CONTENDERS: dict[str, Callable[[], ASGIApp]] = {
    BARE: application,
    OURS: with_our_metrics,
    LAYERS: with_all_layers,
    INSTRUMENTATOR: with_instrumentator,
    EXPORTER: with_exporter,
    OPENTELEMETRY: with_opentelemetry,
}

LEFT_OUT = "reading the metrics out; sockets and server; "
NOT_COMPARED = {
    INSTRUMENTATOR: "it also groups by regular expressions and keeps body sizes when asked; ours bounds its labels",
    EXPORTER: "it also keeps the requests in progress; ours bounds its labels",
    OPENTELEMETRY: "it also keeps body sizes and the requests in progress, and would carry traces",
}


async def _measure(rounds: Rounds) -> dict[str, list[float]]:
    apps = {name: make() for name, make in CONTENDERS.items()}
    for app in apps.values():
        assert await get(app, PATH) == b'{"item":"7"}'
        await microseconds(app, PATH, REQUESTS)  # imports, caches, first label sets
    times: dict[str, list[float]] = {name: [] for name in apps}
    for _ in rounds:
        for name, app in apps.items():
            times[name].append(await microseconds(app, PATH, REQUESTS))
    return times


def measure(rounds: Rounds) -> Report:
    logging.configure("benchmark", "info", io.StringIO())  # lines are written as in production, but kept off the screen
    times = asyncio.run(_measure(rounds))
    added = {name: [a - b for a, b in zip(found, times[BARE], strict=True)] for name, found in times.items()}
    command = "python -m benchmarks.http_metrics"
    beside_peers = [
        Row(
            name=f"metrics of a request, beside {peer}",
            unit="µs",
            ours=added[OURS],
            peer_name=peer,
            peer=added[peer],
            goal=1.0,
            not_compared=LEFT_OUT + text,
            command=command,
        )
        for peer, text in NOT_COMPARED.items()
    ]
    whole = Row(
        name="a request with all layers of ours, beside the bare application",
        unit="µs",
        ours=times[LAYERS],
        peer_name=BARE,
        peer=times[BARE],
        not_compared="the bare application has no metrics, access log, request id, host check or body limit",
        command=command,
    )
    return Report([*beside_peers, whole])


if __name__ == "__main__":
    main("http_metrics", __doc__, measure, rounds=41, quick=5)

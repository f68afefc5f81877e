"""What traces cost a request: off, 1 % and all of them sampled, beside OpenTelemetry's own instrumentation of FastAPI.

    python -m benchmarks.tracing [--rounds 41] [--quick] [--json]

Each contender wraps the same small FastAPI application, called through ASGI in this process. Processor time of the
whole process is counted, so what takes spans away is in it: ours writes them to a file, the peer's are thrown away.
At 1 %, ours records every request all the same, since one that fails or is slow is to be kept.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from benchmarks.asgi import get, microseconds
from benchmarks.rows import Report, Rounds, Row, main
from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.telemetry import logging, tracing
from investiq.foundation.telemetry.tracing import Tracing, TracingSettings
from investiq.foundation.telemetry.tracing_sdk import SdkTracing
from investiq.foundation.vocabulary import Part
from investiq.serve.http import MonitoringAccess
from investiq.serve.http.answers import AnswerHeaders
from investiq.serve.http.tracing import request_spans

REQUESTS = 300
"""In a round, for each contender."""
BARE, OFF, SOME, FULL, OPENTELEMETRY = "bare application", "off", "1 %", "100 %", "OpenTelemetry"
PATH = "/items/7"


class Discard(SpanExporter):
    """Takes spans away, to nowhere."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def application(*layers: Middleware) -> FastAPI:
    """The application of all contenders, inside `layers`."""
    app = FastAPI(docs_url=None, redoc_url=None, middleware=layers)

    @app.get("/items/{item}")
    async def item(item: str) -> dict[str, str]:
        return {"item": item}

    return app


def ours(sdk: Tracing | None) -> ASGIApp:
    """The layer that tells the status, and that of traces where there are any."""
    with traced_by(sdk):
        spans = request_spans(MonitoringAccess(Part.WEB, ApiConfig()), frozenset())
    return application(Middleware(AnswerHeaders), *spans)


def with_opentelemetry() -> ASGIApp:
    """All requests sampled; no metrics."""
    app, provider = application(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Discard()))
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider, meter_provider=NoOpMeterProvider())
    return app


@contextmanager
def traced_by(sdk: Tracing | None) -> Iterator[None]:
    """Inside, this process traces with it."""
    if sdk is not None:
        tracing.activate(sdk)
    try:
        yield
    finally:
        tracing.deactivate()


async def _measure(rounds: Rounds, folder: Path) -> dict[str, list[float]]:
    sdks: dict[str, SdkTracing | None] = dict.fromkeys((BARE, OFF, OPENTELEMETRY))
    for name, ratio in ((SOME, 0.01), (FULL, 1.0)):
        settings = TracingSettings(
            service=name[0], folder=folder, max_bytes=10_000_000, sample_ratio=ratio, slow_milliseconds=60_000.0
        )
        sdks[name] = SdkTracing(settings, lambda *_: None)
    makers: dict[str, Callable[[], ASGIApp]] = {BARE: application, OPENTELEMETRY: with_opentelemetry}
    apps = {name: makers[name]() if name in makers else ours(sdk) for name, sdk in sdks.items()}
    times: dict[str, list[float]] = {name: [] for name in apps}
    for name, app in apps.items():
        with traced_by(sdks[name]):
            assert await get(app, PATH) == b'{"item":"7"}'
            await microseconds(app, PATH, REQUESTS)
    for _ in rounds:
        for name, app in apps.items():
            with traced_by(sdks[name]):
                times[name].append(await microseconds(app, PATH, REQUESTS))
    for sdk in filter(None, sdks.values()):
        sdk.shutdown(10)
    return times


def measure(rounds: Rounds) -> Report:
    logging.configure("benchmark", "info", io.StringIO())
    with TemporaryDirectory() as folder:
        times = asyncio.run(_measure(rounds, Path(folder)))
    added = {name: [a - b for a, b in zip(found, times[BARE], strict=True)] for name, found in times.items()}
    command = "python -m benchmarks.tracing"
    beside = "sockets and server; the peer's batches are thrown away, ours are written to a file"
    off = Row(
        name="a request, traces off, beside the bare application",
        unit="µs",
        ours=times[OFF],
        peer_name=BARE,
        peer=times[BARE],
        not_compared="ours has the layer that tells the status to others; no layer of traces is there",
        command=command,
    )
    traced = [
        Row(
            name=f"traces of a request, {name} sampled, beside {OPENTELEMETRY}",
            unit="µs",
            ours=added[name],
            peer_name=OPENTELEMETRY,
            peer=added[OPENTELEMETRY],
            goal=1.0,
            not_compared=beside,
            command=command,
        )
        for name in (SOME, FULL)
    ]
    return Report([off, *traced])


if __name__ == "__main__":
    main("tracing", __doc__, measure, rounds=41, quick=5)

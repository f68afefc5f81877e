"""OpenTelemetry's SDK as this product uses it. Loaded where the configuration asks for it, and nowhere else.

Nothing of it is global: libraries that look for OpenTelemetry find none, and its variables of the environment change
nothing. What can be set is in `[tracing]`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SynchronousMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import (
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from investiq import __version__
from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry import attributes, tracing
from investiq.foundation.telemetry.span_export import BoundedExport, HttpSpanExporter
from investiq.foundation.telemetry.span_file import FileSpanExporter
from investiq.foundation.telemetry.span_tail import TailProcessor
from investiq.foundation.telemetry.tracing import Attributes, Ids, Kind, TracingSettings, Value
from investiq.foundation.vocabulary import SpanDestination, SpanOutcome

__all__ = ["SdkTracing"]

_PATH: Final = "/v1/traces"
_CHARACTERS: Final = 2_000
"""Of an attribute: the longest of our statements has half of them."""

_KINDS: Final = {Kind.INTERNAL: SpanKind.INTERNAL, Kind.SERVER: SpanKind.SERVER, Kind.CLIENT: SpanKind.CLIENT}
_W3C: Final = TraceContextTextMapPropagator()
_EMPTY: Final = Context()

Count = Callable[[SpanDestination, SpanOutcome, int], None]


class SdkTracing:
    """Traces one process (see `tracing.Tracing`).

    Args:
        count: called with destination, outcome and number, from any thread.
    """

    def __init__(self, settings: TracingSettings, count: Count) -> None:
        self._provider = TracerProvider(
            sampler=_RecordAll(ParentBased(TraceIdRatioBased(settings.sample_ratio))),
            resource=_resource(settings.service),
            shutdown_on_exit=False,  # it would wait for a collector for half a minute
            span_limits=SpanLimits(max_span_attributes=64, max_attribute_length=_CHARACTERS),
        )
        kept = SynchronousMultiSpanProcessor()  # type: ignore[no-untyped-call]
        to_file, to_collector = partial(count, SpanDestination.FILE), partial(count, SpanDestination.COLLECTOR)
        files = FileSpanExporter(settings.folder, settings.service, settings.max_bytes, to_file)
        kept.add_span_processor(BoundedExport(files, to_file))
        if settings.endpoint is not None:
            exporter = _http_exporter(settings.endpoint, settings.token, to_collector)
            kept.add_span_processor(BoundedExport(exporter, to_collector))
        self._provider.add_span_processor(TailProcessor(kept, settings.slow_milliseconds))
        self._slow_milliseconds = settings.slow_milliseconds
        self._tracer = self._provider.get_tracer("investiq", __version__)

    def span(
        self, name: str, values: Attributes, kind: Kind = Kind.INTERNAL, *, root: bool = False
    ) -> AbstractContextManager[tracing.Span]:
        if not root and not trace.get_current_span().get_span_context().is_valid:
            return tracing.NOTHING
        return _Current(self._tracer, name, values, _KINDS[kind])

    def answering(
        self, name: str, values: Attributes, headers: Mapping[str, str], *, near: bool
    ) -> AbstractContextManager[tracing.Span]:
        parent = _W3C.extract(headers, context=_EMPTY)
        if near:
            return _Current(self._tracer, name, values, SpanKind.SERVER, parent)
        # Who is not near chooses neither our ids nor what we keep: a trace of ours begins, and names theirs.
        theirs = trace.get_current_span(parent).get_span_context()
        links = [Link(theirs)] if theirs.is_valid else []
        return _Current(self._tracer, name, values, SpanKind.SERVER, _EMPTY, links)

    def context_headers(self) -> Mapping[str, str]:
        headers: dict[str, str] = {}
        _W3C.inject(headers)
        return headers

    def ids(self) -> Ids | None:
        context = trace.get_current_span().get_span_context()
        return (_trace_id(context), trace.format_span_id(context.span_id)) if context.is_valid else None

    def keeps(self, milliseconds: float, *, failed: bool) -> bool:
        sampled = trace.get_current_span().get_span_context().trace_flags.sampled
        return sampled or failed or milliseconds >= self._slow_milliseconds

    def flush(self) -> None:
        """Hand over what has ended, however long that takes: for tests."""
        self._provider.force_flush()

    def shutdown(self, seconds: float) -> None:
        # In a thread that keeps no process from ending: a batch under way cannot be interrupted.
        ending = threading.Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(seconds)


class _Current(AbstractContextManager["_Current"]):
    """A span that is the current one inside the block. An exception fails it; the text of that, which may hold what a
    trace must not, is left to the log.
    """

    def __init__(  # noqa: PLR0917  made for every span
        self,
        tracer: trace.Tracer,
        name: str,
        values: Attributes,
        kind: SpanKind,
        context: Context | None = None,
        links: list[Link] | None = None,
    ) -> None:
        self._span = tracer.start_span(
            name, context, kind, values, links or (), record_exception=False, set_status_on_exception=False
        )
        self._context = context

    def __enter__(self) -> _Current:
        self._token = attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        detach(self._token)
        if isinstance(error, InvestIQError):
            self.fail(error.reason)
        elif kind is not None:
            self.fail(kind.__qualname__)
        self._span.end()

    def set(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, value)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, kind: str) -> None:
        self._span.set_attribute(attributes.ERROR_TYPE, kind)
        self._span.set_status(Status(StatusCode.ERROR))


class _RecordAll(Sampler):
    """As `inner` decides; what it leaves out is recorded all the same, for `TailProcessor`. Notifications are kept."""

    def __init__(self, inner: Sampler) -> None:
        self._inner = inner

    def should_sample(  # noqa: PLR0917  the interface of the SDK
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Any = None,
        links: Any = None,
        trace_state: Any = None,
    ) -> SamplingResult:
        if name == tracing.NOTIFICATION:
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, trace_state)
        found = self._inner.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)
        if found.decision is not Decision.DROP:
            return found
        return SamplingResult(Decision.RECORD_ONLY, attributes, found.trace_state)

    def get_description(self) -> str:
        return f"RecordAll({self._inner.get_description()})"


def _resource(service: str) -> Resource:
    # Not `Resource.create`, which adds what the environment says.
    return Resource(
        {
            attributes.SERVICE_NAME: service,
            attributes.SERVICE_NAMESPACE: "investiq",
            attributes.SERVICE_VERSION: __version__,
            attributes.SERVICE_INSTANCE_ID: str(uuid4()),
            "process.pid": os.getpid(),
        }
    )


def _http_exporter(endpoint: str, token: str | None, count: Callable[[SpanOutcome, int], None]) -> HttpSpanExporter:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return HttpSpanExporter(endpoint.rstrip("/") + _PATH, count, headers, trust_env=not _is_loopback(endpoint))


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _trace_id(context: SpanContext) -> str:
    return trace.format_trace_id(context.trace_id)

"""A receiver of OTLP over HTTP that takes nothing but what the protocol allows, and knows the spans it was given."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1 import trace_pb2

__all__ = ["OtlpReceiver", "ReceivedSpan", "receiving", "tree"]


@dataclass(frozen=True)
class ReceivedSpan:
    """One span as it was decoded."""

    service: str
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    start: int
    end: int
    failed: bool
    attributes: dict[str, Any]
    links: tuple[str, ...]


@dataclass
class OtlpReceiver:
    """What came, and how the next requests are answered.

    Attributes:
        faults: what was wrong with requests; a test ends with none.
        answer: what is sent back, in place of "all taken".
    """

    url: str
    spans: list[ReceivedSpan] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None

    def of(self, trace_id: str) -> list[ReceivedSpan]:
        """The spans of one trace, in the order in which they began."""
        return sorted((span for span in self.spans if span.trace_id == trace_id), key=lambda span: span.start)

    def named(self, name: str) -> ReceivedSpan:
        """The one span of that name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found


def tree(spans: list[ReceivedSpan]) -> list[str]:
    """Each span with its service, indented below its parent, in the order in which they began."""
    known = {span.span_id for span in spans}
    roots = [span for span in spans if span.parent_id not in known]

    def lines(span: ReceivedSpan, depth: int) -> Iterator[str]:
        yield f"{'  ' * depth}{span.service}: {span.name}"
        for child in spans:
            if child.parent_id == span.span_id:
                yield from lines(child, depth + 1)

    return [line for root in roots for line in lines(root, 0)]


@contextmanager
def receiving() -> Iterator[OtlpReceiver]:
    """A receiver on a free port of loopback; afterwards, nothing that it was sent may have been wrong."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    receiver = OtlpReceiver(f"http://127.0.0.1:{server.server_port}")
    server.receiver = receiver  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
    assert receiver.faults == []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    def do_POST(self) -> None:
        receiver: OtlpReceiver = self.server.receiver  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
        if receiver.answer is not None:
            receiver.answer(self)
            return
        faults = [*_faults_of_request(self), *receiver_takes(receiver, body)]
        receiver.faults += faults
        self._reply(400 if faults else 200, ExportTraceServiceResponse().SerializeToString())

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def receiver_takes(receiver: OtlpReceiver, body: bytes) -> list[str]:
    message = ExportTraceServiceRequest.FromString(gzip.decompress(body))
    faults = [] if message.resource_spans else ["a request without spans"]
    for resource in message.resource_spans:
        named = _attributes(resource.resource.attributes, faults)
        service = str(named.get("service.name", ""))
        if not service or "service.instance.id" not in named:
            faults.append("a resource that does not say which service it is")
        for scope in resource.scope_spans:
            if not scope.scope.name:
                faults.append("a scope without a name")
            for span in scope.spans:
                found = _span(service, span, faults)
                if found.span_id in {known.span_id for known in receiver.spans}:
                    faults.append(f"{found.name} came twice")
                receiver.spans.append(found)
    return faults


def _faults_of_request(request: BaseHTTPRequestHandler) -> Iterator[str]:
    if request.path != "/v1/traces":
        yield f"path {request.path}"
    if request.headers["Content-Type"] != "application/x-protobuf":
        yield f"content type {request.headers['Content-Type']}"
    if request.headers["Content-Encoding"] != "gzip":
        yield "not compressed"
    if not (request.headers["User-Agent"] or "").startswith("OTel-OTLP-Exporter-Python/"):
        yield "a user agent that OTLP does not know"


def _span(service: str, span: trace_pb2.Span, faults: list[str]) -> ReceivedSpan:
    if len(span.trace_id) != 16 or not any(span.trace_id) or len(span.span_id) != 8 or not any(span.span_id):
        faults.append(f"{span.name}: no ids")
    if len(span.parent_span_id) not in (0, 8):
        faults.append(f"{span.name}: no parent id")
    if not span.name or span.kind == trace_pb2.Span.SPAN_KIND_UNSPECIFIED:
        faults.append(f"{span.name}: no name, or no kind")
    if not 0 < span.start_time_unix_nano <= span.end_time_unix_nano:
        faults.append(f"{span.name}: it ends before it begins")
    return ReceivedSpan(
        service=service,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        attributes=_attributes(span.attributes, faults),
        links=tuple(link.trace_id.hex() for link in span.links),
    )


def _attributes(pairs: Any, faults: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        if pair.key in found:
            faults.append(f"{pair.key} is there twice")
        kind = pair.value.WhichOneof("value")
        if kind is None:
            faults.append(f"{pair.key} has no value")
        else:
            found[pair.key] = getattr(pair.value, kind)
    return found

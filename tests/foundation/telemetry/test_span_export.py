"""Spans on their way: to files and to collectors that are dead, slow, endless or wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from investiq.foundation.telemetry.span_export import BoundedExport, HttpSpanExporter
from investiq.foundation.telemetry.span_file import FileSpanExporter
from investiq.foundation.telemetry.span_json import otlp_lines
from investiq.foundation.vocabulary import SpanOutcome
from investiq.operate.trace.spans import kept_spans
from tests.otlp_receiver import OtlpReceiver, receiving
from tests.ports import free_port

PROVIDER = TracerProvider(
    resource=Resource({"service.name": "investiq-api", "service.instance.id": "1"}), shutdown_on_exit=False
)


def spans(number: int) -> list[ReadableSpan]:
    tracer = PROVIDER.get_tracer("investiq", "1")
    made: list[Any] = []
    for _ in range(number):
        span = tracer.start_span("GET", kind=SpanKind.CLIENT, attributes={"a": 1, "b": "\u00e4", "c": True, "d": 1.5})
        span.end()
        made.append(span)
    return made


class Counts(Counter[SpanOutcome]):
    def __call__(self, outcome: SpanOutcome, number: int) -> None:
        self[outcome] += number


def exporter(url: str, counts: Counts, seconds: float = 0.3) -> HttpSpanExporter:
    return HttpSpanExporter(f"{url}/v1/traces", counts, {}, trust_env=False, send_seconds=seconds, pauses=(0.01,))


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with receiving() as started:
        yield started


def test_what_is_taken_is_counted(receiver: OtlpReceiver) -> None:
    counts = Counts()
    assert exporter(receiver.url, counts, 10).export(spans(3)) is SpanExportResult.SUCCESS
    assert counts == {SpanOutcome.EXPORTED: 3, SpanOutcome.FAILED: 0}
    assert [span.attributes for span in receiver.spans] == [{"a": 1, "b": "\u00e4", "c": True, "d": 1.5}] * 3


def answer(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def reply(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return reply


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    with _gone():
        while True:
            request.wfile.write(b"x" * 65_536)


def dripping(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    with _gone():
        while True:
            request.wfile.write(b"x")
            threading.Event().wait(0.02)


def silent(request: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(2)


@contextmanager
def _gone() -> Iterator[None]:
    with suppress(OSError):
        yield


REJECTED = ExportTraceServiceResponse()
REJECTED.partial_success.rejected_spans = 2


@pytest.mark.parametrize(
    ("reply", "lost", "tries"),
    [
        (answer(200, REJECTED.SerializeToString()), 2, 1),
        (answer(302, Location="/elsewhere"), 3, 1),
        (answer(400), 3, 1),
        (answer(401), 3, 1),
        (answer(429), 3, 2),
        (answer(503), 3, 2),
        (answer(500), 3, 1),
        (answer(200, b"<html>not a collector</html>"), 3, 1),
        (endless, 3, 2),
        (dripping, 3, 2),
        (silent, 3, 2),
    ],
    ids=["partly", "redirect", "refused", "no token", "too many", "unavailable", "broken", "html", "endless", "drips",
         "silent"],
)  # fmt: skip
def test_what_is_not_taken_is_lost_and_counted(
    receiver: OtlpReceiver, reply: Callable[[BaseHTTPRequestHandler], None], lost: int, tries: int
) -> None:
    receiver.answer = reply
    counts = Counts()
    patience = 0.5 if reply in (dripping, silent) else 20.0
    assert exporter(receiver.url, counts, patience).export(spans(3)) is SpanExportResult.FAILURE
    assert counts == {SpanOutcome.EXPORTED: 3 - lost, SpanOutcome.FAILED: lost}
    assert len(receiver.headers) == tries or reply in (dripping, silent), "in time, or not at all"


def test_nobody_listens() -> None:
    counts = Counts()
    assert exporter(f"http://127.0.0.1:{free_port()}", counts).export(spans(3)) is SpanExportResult.FAILURE
    assert counts[SpanOutcome.FAILED] == 3


class Stuck(SpanExporter):
    """Takes nothing until it is let go."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.taken = 0

    def export(self, spans: Any) -> SpanExportResult:
        self.free.wait(20)
        self.taken += len(spans)
        return SpanExportResult.SUCCESS


def test_what_does_not_fit_is_dropped_and_counted_and_the_rest_arrives() -> None:
    stuck, counts = Stuck(), Counts()
    export = BoundedExport(stuck, counts, most=10)
    for span in sampled(25):
        export.on_end(span)
    assert counts == {SpanOutcome.DROPPED: 15}
    stuck.free.set()
    export.force_flush()
    assert stuck.taken == 10
    for span in sampled(5):
        export.on_end(span)
    export.shutdown()
    assert (stuck.taken, counts[SpanOutcome.DROPPED]) == (15, 15)


def sampled(number: int) -> list[ReadableSpan]:
    return spans(number)


def test_lines_are_the_json_of_otlp() -> None:
    tracer = PROVIDER.get_tracer("investiq", "1")
    first = tracer.start_span("first", links=[Link(spans(1)[0].context)])
    first.set_status(Status(StatusCode.ERROR))
    first.end()
    made = [first, *spans(2)]
    (line,) = otlp_lines(made)  # type: ignore[arg-type]
    theirs = MessageToDict(encode_spans(made))  # type: ignore[arg-type]
    assert in_hexadecimal(without_defaults(theirs)) == without_defaults(json.loads(line))


def without_defaults(value: Any) -> Any:
    """Without what protobuf leaves out, or says in other words."""
    if isinstance(value, list):
        return [without_defaults(one) for one in value]
    if not isinstance(value, dict):
        return {"SPAN_KIND_INTERNAL": 1, "SPAN_KIND_CLIENT": 3, "STATUS_CODE_ERROR": 2}.get(value, value)
    return {
        key: without_defaults(one)
        for key, one in value.items()
        if key != "flags" and one not in ({}, {"code": 0}, "", [])
    }


def in_hexadecimal(value: Any) -> Any:
    import base64

    if isinstance(value, list):
        return [in_hexadecimal(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64decode(one).hex() if key in ("traceId", "spanId", "parentSpanId") else in_hexadecimal(one)
        for key, one in value.items()
    }


def test_a_file_is_private_rotated_and_never_torn(tmp_path: Path) -> None:
    counts = Counts()
    files = FileSpanExporter(tmp_path / "traces", "investiq-api", 20_000, counts)
    for _ in range(20):
        files.export(spans(10))
    found = sorted(path.name for path in (tmp_path / "traces").iterdir())
    assert found == ["investiq-api.jsonl", "investiq-api.jsonl.1"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "traces").iterdir())
    assert (tmp_path / "traces").stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_size <= 20_000 for path in (tmp_path / "traces").iterdir())
    assert counts == {SpanOutcome.EXPORTED: 200}
    assert len(list(kept_spans(tmp_path / "traces"))) > 50


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    counts = Counts()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "investiq-api.jsonl").symlink_to(victim)
    FileSpanExporter(tmp_path, "investiq-api", 20_000, counts).export(spans(1))
    assert victim.read_text() == "precious"
    assert counts == {SpanOutcome.FAILED: 1}


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Counts()
    files = FileSpanExporter(tmp_path, "investiq-api", 1_000_000, counts)
    files.export(spans(1))
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full_after_a_hundred_bytes(os.write))
        files.export(spans(1))
    files.export(spans(1))
    assert counts == {SpanOutcome.EXPORTED: 2, SpanOutcome.FAILED: 1}
    assert len(list(kept_spans(tmp_path))) == 2
    assert len((tmp_path / "investiq-api.jsonl").read_bytes().splitlines()) == 2


def full_after_a_hundred_bytes(write: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
    taken = [0]

    def full(file: int, data: Any) -> int:
        taken[0] += 1
        if taken[0] > 1:
            raise OSError(28, "No space left on device")
        return write(file, data[:100])

    return full


def test_a_process_without_traces_does_not_load_the_sdk() -> None:
    script = (
        "import sys; import investiq.serve.api.app, investiq.serve.agent.app, investiq.cli.analyze;"
        "heavy = ('opentelemetry.sdk', 'opentelemetry.exporter', 'google.protobuf');"
        "print([module for module in sys.modules if module.startswith(heavy)])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

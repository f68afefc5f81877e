"""Takes spans to where they are kept: a bounded number waits, each batch has bounded time, and what is lost is counted.

Batches, and the thread that takes them away, are OpenTelemetry's own. The way over HTTP is not: its exporter limits
each step of a request and not the whole, reads an answer of any length, and takes a redirect for a delivery.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Mapping, Sequence
from threading import Event, Lock
from typing import Final

import httpx2
import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from investiq import __version__
from investiq.foundation.vocabulary import SpanOutcome

__all__ = ["BoundedExport", "HttpSpanExporter"]

MOST_WAITING: Final = 4_096
"""Spans: some 8 MB, and what a busy API makes in a few seconds."""
BATCH: Final = 512
BATCH_SECONDS: Final = 1.0

SEND_SECONDS: Final = 5.0
"""Of one try, from connecting to the last byte of the answer."""
PAUSES: Final = (1.0, 2.0)
"""Before the second and the third try."""
_ANSWER_BYTES: Final = 65_536
_AGAIN: Final = frozenset({429, 502, 503, 504})
"""What OTLP says may be sent again."""

Count = Callable[[SpanOutcome, int], None]

_log = structlog.get_logger(__name__)


class BoundedExport(SpanProcessor):
    """Hands spans to an exporter, in batches and by a thread of its own; more than `most` are dropped and counted."""

    def __init__(self, exporter: SpanExporter, count: Count, most: int = MOST_WAITING) -> None:
        self._count = count
        self._most = most
        self._waiting = 0
        self._lock = Lock()
        self._batches = BatchSpanProcessor(
            _Counted(exporter, self._taken),
            max_queue_size=most + 1,  # ours is full before theirs is, which drops without a word to us
            schedule_delay_millis=BATCH_SECONDS * 1000,
            max_export_batch_size=min(BATCH, most),
        )

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing: it is of interest once it has ended."""

    def on_end(self, span: ReadableSpan) -> None:
        """Let it wait for the next batch."""
        with self._lock:
            full = self._waiting >= self._most
            self._waiting += not full
        if full:
            self._count(SpanOutcome.DROPPED, 1)
        else:
            self._batches.on_end(span)

    def _taken(self, spans: int) -> None:
        with self._lock:
            self._waiting -= spans

    def shutdown(self) -> None:
        """Hand over what waits. Takes as long as the exporter does."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """The same, and go on."""
        return self._batches.force_flush(timeout_millis)


class _Counted(SpanExporter):
    """Tells when spans wait no more."""

    def __init__(self, exporter: SpanExporter, taken: Callable[[int], None]) -> None:
        self._exporter = exporter
        self._taken = taken

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            return self._exporter.export(spans)
        finally:
            self._taken(len(spans))

    def shutdown(self) -> None:
        self._exporter.shutdown()


class HttpSpanExporter(SpanExporter):
    """Sends OTLP as protobuf over HTTP. A batch that is refused, or not taken in three tries, is lost and counted.

    Args:
        url: with its path, such as `http://127.0.0.1:4318/v1/traces`.
        trust_env: whether a proxy of the environment may be used.
        pauses: seconds before each further try.
    """

    def __init__(
        self,
        url: str,
        count: Count,
        headers: Mapping[str, str],
        *,
        trust_env: bool,
        send_seconds: float = SEND_SECONDS,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._url = url
        self._count = count
        self._trust_env = trust_env
        self._seconds = send_seconds
        self._pauses = pauses
        self._ending = Event()
        self._well = True
        self._headers = {
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "gzip",
            "User-Agent": f"OTel-OTLP-Exporter-Python/{__version__} investiq",
            **headers,
        }

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send one batch, within 20 seconds."""
        rejected, why = self._rejected(gzip.compress(encode_spans(spans).SerializeToString(), 1), len(spans))
        self._count(SpanOutcome.EXPORTED, len(spans) - rejected)
        self._count(SpanOutcome.FAILED, rejected)
        self._tell(why)
        return SpanExportResult.FAILURE if rejected else SpanExportResult.SUCCESS

    def _rejected(self, body: bytes, spans: int) -> tuple[int, str]:
        """How many of the spans were not taken, and why."""
        why = ""
        for pause in (*self._pauses, None):
            try:
                status, answer = asyncio.run(self._sent(body))
            except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
                again, why = True, f"no answer ({type(error).__name__})"
            else:
                if status == httpx2.codes.OK:
                    return _partly(answer, spans)
                again, why = status in _AGAIN, f"it answers {status}"
            if not again or pause is None or self._ending.wait(pause):
                break
        return spans, why

    async def _sent(self, body: bytes) -> tuple[int, bytes]:
        # One limit for the whole: an answer that drips in could take for ever.
        async with (
            asyncio.timeout(self._seconds),
            httpx2.AsyncClient(timeout=self._seconds, trust_env=self._trust_env, follow_redirects=False) as client,
            client.stream("POST", self._url, content=body, headers=self._headers) as response,
        ):
            answer = b""
            async for piece in response.aiter_bytes():
                answer += piece
                if len(answer) > _ANSWER_BYTES:
                    raise httpx2.RemoteProtocolError("an answer without end")
            return response.status_code, answer

    def _tell(self, why: str) -> None:
        """Once when it begins to fail, and once when it is over: the metric has the numbers."""
        if why and self._well:
            _log.warning("spans_not_taken", collector=self._url, error=why)
        if not why and not self._well:
            _log.info("spans_taken_again", collector=self._url)
        self._well = not why

    def shutdown(self) -> None:
        """No more than one try from now on."""
        self._ending.set()


def _partly(answer: bytes, spans: int) -> tuple[int, str]:
    """What the collector did not take of what it took."""
    try:
        success = ExportTraceServiceResponse.FromString(answer).partial_success
    except Exception as error:  # what protobuf raises is no class of its public interface
        return spans, f"its answer is no OTLP ({type(error).__name__})"
    return min(max(success.rejected_spans, 0), spans), success.error_message[:200]

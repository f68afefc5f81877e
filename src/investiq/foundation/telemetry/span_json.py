"""Spans as lines of OTLP's JSON, as a collector's own file exporter writes them.

Not by protobuf's own writer of JSON, which takes ten times as long, writes ids in base64, and needs the message first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Link, StatusCode, format_span_id, format_trace_id

__all__ = ["otlp_lines"]

_LINE_SPANS: Final = 32
"""A line that is torn costs no more than these."""
_STATUS: Final = {StatusCode.UNSET: 0, StatusCode.OK: 1, StatusCode.ERROR: 2}
_encode: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode


def otlp_lines(spans: Sequence[ReadableSpan]) -> Iterator[bytes]:
    """Spans of one resource and one scope, as lines."""
    for start in range(0, len(spans), _LINE_SPANS):
        part = spans[start : start + _LINE_SPANS]
        resource, scope = part[0].resource, part[0].instrumentation_scope
        group = {
            "scope": {"name": scope.name, "version": scope.version} if scope else {},
            "spans": [_span(span) for span in part],
        }
        found = {"resource": {"attributes": _attributes(resource.attributes)}, "scopeSpans": [group]}
        yield f"{_encode({'resourceSpans': [found]})}\n".encode()


def _span(span: ReadableSpan) -> dict[str, Any]:
    context = span.context
    document: dict[str, Any] = {
        "traceId": format_trace_id(context.trace_id),
        "spanId": format_span_id(context.span_id),
        "name": span.name,
        "kind": span.kind.value + 1,  # OTLP's enumeration begins with "unspecified"
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "attributes": _attributes(span.attributes or {}),
        "status": {"code": _STATUS[span.status.status_code]},
    }
    if span.parent is not None:
        document["parentSpanId"] = format_span_id(span.parent.span_id)
    if span.links:
        document["links"] = [_link(link) for link in span.links]
    return document


def _link(link: Link) -> dict[str, Any]:
    return {"traceId": format_trace_id(link.context.trace_id), "spanId": format_span_id(link.context.span_id)}


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: object) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": str(value)}

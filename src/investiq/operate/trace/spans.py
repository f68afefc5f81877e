"""The files of spans, read: OTLP's JSON, a line for some spans of one process.

Files grow and are rotated meanwhile, and a process that was killed may have left half a line: what is no line of ours
is passed over. Only lines that can hold what is asked for are parsed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from investiq.foundation.telemetry import attributes

__all__ = ["KeptSpan", "kept_spans", "of_request", "of_trace"]

_NANOSECONDS: Final = 1_000_000
_ERROR: Final = 2
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError)
Wanted = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class KeptSpan:
    """One span.

    Attributes:
        start, end: nanoseconds after 1970.
    """

    service: str
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start: int
    end: int
    failed: bool
    attributes: Mapping[str, Any]
    links: tuple[str, ...] = ()

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return (self.end - self.start) / _NANOSECONDS

    @property
    def is_statement(self) -> bool:
        """Whether it is one statement to a database."""
        return attributes.DB_SYSTEM_NAME in self.attributes


def of_trace(prefix: str) -> Wanted:
    """Lines with a trace whose id begins like that."""
    wanted = f'"traceId":"{prefix}'.encode()
    return lambda line: wanted in line


def of_request(request_id: str) -> Wanted:
    """Lines with a request of that id."""
    wanted = json.dumps({"stringValue": request_id}, separators=(",", ":")).encode()
    return lambda line: wanted in line


def kept_spans(folder: Path, wanted: Wanted = lambda _: True) -> Iterator[KeptSpan]:
    """All spans of the lines that are `wanted`, each once: a file may be rotated while it is read."""
    known: set[tuple[str, str]] = set()
    for path in sorted(folder.glob("*.jsonl*"), reverse=True):  # the older of two first
        for line in _lines(path):
            for span in _parsed(line) if wanted(line) else ():
                key = span.trace_id, span.span_id
                if key not in known:
                    known.add(key)
                    yield span


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:
        return  # rotated away meanwhile


def _parsed(line: bytes) -> Iterator[KeptSpan]:
    try:
        found = [
            _span(str(service), span)
            for resource in json.loads(line)["resourceSpans"]
            for service in [_attributes(resource["resource"]["attributes"])[attributes.SERVICE_NAME]]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]
    except _DAMAGED:
        return
    yield from found


def _span(service: str, document: Mapping[str, Any]) -> KeptSpan:
    return KeptSpan(
        service=service,
        trace_id=str(document["traceId"]),
        span_id=str(document["spanId"]),
        parent_id=str(document.get("parentSpanId", "")),
        name=str(document["name"]),
        start=int(document["startTimeUnixNano"]),
        end=int(document["endTimeUnixNano"]),
        failed=document.get("status", {}).get("code") == _ERROR,
        attributes=_attributes(document["attributes"]),
        links=tuple(str(link["traceId"]) for link in document.get("links", ())),
    )


def _attributes(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in pairs}

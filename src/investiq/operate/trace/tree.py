"""One trace as a tree, and many as a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, Final

from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry import attributes
from investiq.operate.trace.spans import KeptSpan, kept_spans, of_request, of_trace

__all__ = ["NoSuchTrace", "Node", "Summary", "document", "duration", "find_trace", "nodes", "note", "recent"]

_SHORTEST_PREFIX: Final = 6
_DIGITS: Final = frozenset("0123456789abcdef")
_LENGTH: Final = 32
_NOTED: Final = (
    attributes.HTTP_RESPONSE_STATUS_CODE,
    attributes.ENGINE_STATUS,
    attributes.ORDER_STATUS,
    attributes.ORDER_REASON,
    attributes.ACTION,
    attributes.OUTCOME,
)


class NoSuchTrace(InvestIQError):
    """No part has kept a span of it."""

    reason: ClassVar[str] = "no_such_trace"


@dataclass(frozen=True, slots=True)
class Node:
    """A span in its tree; `orphan`: its parent is not here."""

    span: KeptSpan
    depth: int
    orphan: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """One trace in a list, by the span that began first."""

    first: KeptSpan
    spans: int
    services: int
    failed: bool
    milliseconds: float


def find_trace(folder: Path, wanted: str) -> Sequence[KeptSpan]:
    """The spans of the one trace that is meant, in the order in which they began.

    Args:
        wanted: the id of a trace, its beginning, or the id of a request.

    Raises:
        NoSuchTrace: there is none, or there are several.
    """
    found = _of_id(folder, wanted) or _of_request(folder, wanted)
    traces = sorted({span.trace_id for span in found})
    if not traces:
        raise NoSuchTrace(
            f"no part has kept a trace or a request {wanted}: a share of them is kept (tracing.sample_ratio), and what "
            "failed or was slow; `investiq trace` lists those that are here"
        )
    if len(traces) > 1:
        raise NoSuchTrace(f"{len(traces)} traces begin with {wanted}: {', '.join(traces[:3])}; give more of the id")

    return sorted(found, key=lambda span: (span.start, -span.end))


def _of_id(folder: Path, wanted: str) -> list[KeptSpan]:
    wanted = wanted.lower()
    if not _DIGITS.issuperset(wanted) or not _SHORTEST_PREFIX <= len(wanted) <= _LENGTH:
        return []
    return [span for span in kept_spans(folder, of_trace(wanted)) if span.trace_id.startswith(wanted)]


def _of_request(folder: Path, wanted: str) -> list[KeptSpan]:
    requests = kept_spans(folder, of_request(wanted))
    traces = {span.trace_id for span in requests if span.attributes.get(attributes.REQUEST_ID) == wanted}
    return [span for trace in traces for span in _of_id(folder, trace)]


def nodes(spans: Sequence[KeptSpan]) -> Iterator[Node]:
    """Each span below its parent, siblings in the order in which they began."""
    known = {span.span_id for span in spans}
    children: dict[str, list[KeptSpan]] = {}
    for span in spans:
        children.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)
    waiting = [Node(span, 0, bool(span.parent_id)) for span in reversed(children.pop("", []))]
    while waiting:
        node = waiting.pop()
        yield node
        below = children.pop(node.span.span_id, ())
        waiting += [Node(span, node.depth + 1, orphan=False) for span in reversed(below)]


def note(span: KeptSpan) -> str:
    """What became of it, in a few words."""
    said = [str(span.attributes[name]) for name in _NOTED if name in span.attributes]
    if span.failed:
        said.append(f"error: {span.attributes.get(attributes.ERROR_TYPE, 'unknown')}")
    if why := span.attributes.get(attributes.KEPT_FOR):
        said.append(f"kept for: {why}")
    if span.links:
        said.append(f"caller's trace: {span.links[0]}")
    return ", ".join(dict.fromkeys(said))


def recent(folder: Path, limit: int, *, failed: bool = False, service: str | None = None) -> Sequence[Summary]:
    """The traces that began last, the last one first.

    Args:
        failed: only those in which something failed.
        service: only those that began there.
    """
    spans = sorted(kept_spans(folder), key=lambda span: (span.trace_id, span.start, -span.end))
    found = [_summary(list(group)) for _, group in groupby(spans, key=lambda span: span.trace_id)]
    chosen = [one for one in found if (one.failed or not failed) and service in (None, one.first.service)]
    return sorted(chosen, key=lambda one: one.first.start, reverse=True)[:limit]


def _summary(spans: Sequence[KeptSpan]) -> Summary:
    return Summary(
        first=spans[0],
        spans=len(spans),
        services=len({span.service for span in spans}),
        failed=any(span.failed for span in spans),
        milliseconds=duration(spans),
    )


def duration(spans: Iterable[KeptSpan]) -> float:
    """Milliseconds from the first beginning to the last end."""
    known = list(spans)
    return (max(span.end for span in known) - min(span.start for span in known)) / 1_000_000


def document(node: Node, started: int) -> Mapping[str, Any]:
    """A span for a program."""
    span = node.span
    return {
        "service": span.service,
        "name": span.name,
        "span_id": span.span_id,
        "parent_id": span.parent_id or None,
        "depth": node.depth,
        "offset_ms": round((span.start - started) / 1_000_000, 3),
        "duration_ms": round(span.milliseconds, 3),
        "failed": span.failed,
        "attributes": dict(span.attributes),
    }

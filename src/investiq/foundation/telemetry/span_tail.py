"""Keeps failures and slow requests of traces that were not sampled.

The sampling decision falls when a trace begins, before anybody knows how it will go. So spans of a trace that is not
sampled are recorded too, and held here until the span with which the trace came into this process has ended: if one of
them failed, or that one took long, all of them are kept, else they are forgotten.

What it cannot do: the decision is this process's own. A slow request is kept by each part that was slow, not by those
that it asked and that answered in time, since these had forgotten it before anybody knew. Where one of them failed, its
own part is kept there, and the caller's if the caller failed for it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags

from investiq.foundation.telemetry.attributes import KEPT_FOR

__all__ = ["MOST_HELD", "MOST_OF_ONE", "TailProcessor"]

MOST_HELD: Final = 20_000
"""Spans, of all traces that are under way: some 40 MB."""
MOST_OF_ONE: Final = 1_000
"""Of one trace; of a cycle of the agent through ten thousand symbols, the first ones."""

_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_NANOSECONDS: Final = 1_000_000


@dataclass(slots=True)
class _Held:
    """What is known of one trace in this process: its spans that have ended, and the ids of those that began."""

    members: list[int]
    ended: list[ReadableSpan] = field(default_factory=list)
    failed: bool = False


class TailProcessor(SpanProcessor):
    """Hands on to `keep` what is to be kept.

    Args:
        slow_milliseconds: from this duration of the span with which a trace came here.
    """

    def __init__(self, keep: SpanProcessor, slow_milliseconds: float) -> None:
        self._keep = keep
        self._slow = slow_milliseconds * _NANOSECONDS
        self._lock = Lock()
        self._traces: OrderedDict[int, _Held] = OrderedDict()  # by the id of the span that came first
        self._first_of: dict[int, int] = {}

    @property
    def held(self) -> int:
        """Spans whose trace is not over."""
        return len(self._first_of)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Remember to which trace it belongs."""
        if span.context.trace_flags.sampled:
            return
        number, parent = span.context.span_id, span.parent
        with self._lock:
            if parent is None or parent.is_remote:
                self._traces[number] = _Held([number])
                self._first_of[number] = number
                self._make_room()
                return
            first = self._first_of.get(parent.span_id)
            held = self._traces.get(first) if first is not None else None
            if held is not None and first is not None and len(held.members) < MOST_OF_ONE:
                held.members.append(number)
                self._first_of[number] = first

    def on_end(self, span: ReadableSpan) -> None:
        """Keep what is sampled; hold what is not."""
        context = span.context
        if context.trace_flags.sampled:
            self._keep.on_end(span)
            return
        with self._lock:
            held = self._traces.get(self._first_of.get(context.span_id, 0))
            if held is None:
                return
            held.ended.append(span)
            held.failed = held.failed or span.status.status_code is StatusCode.ERROR
            if context.span_id != held.members[0]:
                return
            self._forget(context.span_id)
        for kept in self._kept_of(held, span):
            self._keep.on_end(kept)

    def _kept_of(self, held: _Held, first: ReadableSpan) -> list[ReadableSpan]:
        took_long = (first.end_time or 0) - (first.start_time or 0) >= self._slow
        if not held.failed and not took_long:
            return []
        why = "error" if held.failed else "slow"
        return [_sampled(span, why if span is first else None) for span in held.ended]

    def _make_room(self) -> None:
        while len(self._first_of) > MOST_HELD:
            self._forget(next(iter(self._traces)))

    def _forget(self, first: int) -> None:
        for member in self._traces.pop(first).members:
            self._first_of.pop(member, None)

    def shutdown(self) -> None:
        """What is under way is not over, and is not kept."""
        self._keep.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """As `keep` does it."""
        return bool(self._keep.force_flush(timeout_millis))


def _sampled(span: ReadableSpan, why: str | None) -> ReadableSpan:
    """The span as one that was sampled: what comes after takes no other."""
    context = span.context
    return ReadableSpan(
        name=span.name,
        context=SpanContext(context.trace_id, context.span_id, context.is_remote, _SAMPLED, context.trace_state),
        parent=span.parent,
        resource=span.resource,
        attributes={**(span.attributes or {}), **({KEPT_FOR: why} if why else {})},
        events=span.events,
        links=span.links,
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
    )

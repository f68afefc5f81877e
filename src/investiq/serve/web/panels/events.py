"""What happened in the time that is shown: halts, restarts, silences, alerts. It explains changes in every panel."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from dash import html
from dash.development.base_component import Component

from investiq.foundation.contract.panels import (
    EventDocument,
    PanelDocument,
    PanelsDocument,
    PanelUnit,
    PanelView,
    QueryDocument,
)
from investiq.serve.web.elements import Children, card, chip
from investiq.serve.web.panels.queries import SPANS, PlottedSeries, TimeGrid, query_panel, time_grid
from investiq.serve.web.panels.states import CHIPS, Interval, bar, minute, timeline
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources

__all__ = ["draw_events", "happenings"]

MOST_EVENTS = 12


@dataclass(frozen=True, slots=True)
class EventMark:
    """An event of the time shown.

    Attributes:
        drawn: when it was, and the time between.
        began: Unix second of the last time that it began.
    """

    event: EventDocument
    line: PlottedSeries
    drawn: Sequence[Interval]
    began: int


async def draw_events(sources: Sources, document: PanelsDocument, span: str) -> Children:
    """The events of the span, or that there were none; nothing while Prometheus does not answer."""
    grid = time_grid(SPANS.get(span, SPANS["15 min"]), PanelView.STATES)
    answers = await asyncio.gather(*(query_panel(sources, document, _panel(event), grid) for event in document.events))
    lines = [answer for answer in answers if not isinstance(answer, SourceUnavailable)]
    if not answers or len(lines) < len(answers):
        return None
    happened = [found for event, of in zip(document.events, lines, strict=True) for found in _happened(event, of, grid)]
    if not happened:
        titles = ", ".join(event.title.lower() for event in document.events)
        return html.P(f"Nothing in this range explains a change: {titles}.", className="muted small")
    latest = sorted(happened, key=lambda found: found.began, reverse=True)[:MOST_EVENTS]
    rows = [bar(found.line.name, found.drawn, grid, _now(found)) for found in latest]
    note = f"latest {len(rows)} of {len(happened)}" if len(happened) > len(rows) else None
    return card("What happened", timeline(rows, grid, note), css="events")


def _happened(event: EventDocument, lines: Sequence[PlottedSeries], grid: TimeGrid) -> Iterator[EventMark]:
    for line in lines:
        drawn = list(happenings(event, line, grid))
        began = [piece.start for piece in drawn if piece.tone != "none"]
        if began:
            yield EventMark(event, line, drawn, began[-1])


def _panel(event: EventDocument) -> PanelDocument:
    """An event is asked for like a panel of states."""
    return PanelDocument(
        title=event.title,
        description="",
        unit=PanelUnit.STATE.value,
        view=PanelView.STATES,
        width=24,
        minimum=None,
        maximum=None,
        queries=(QueryDocument(expr=event.expr, legend=event.text),),
        thresholds=(),
        states=(),
        emptiness="",
    )


def happenings(event: EventDocument, line: PlottedSeries, grid: TimeGrid) -> Iterator[Interval]:
    """When the event was, and the time between."""
    return _moments(event, line, grid) if event.moment else _lasting(event, line, grid.times)


def _lasting(event: EventDocument, line: PlottedSeries, times: Sequence[int]) -> Iterator[Interval]:
    seen = {at for at, _ in line.points}
    for there, group in groupby(range(len(times) - 1), key=lambda place: times[place] in seen):
        places = list(group)
        text, tone = (event.title, event.state) if there else ("not", "none")
        yield Interval(times[places[0]], times[places[-1] + 1], text, tone)


def _moments(event: EventDocument, line: PlottedSeries, grid: TimeGrid) -> Iterator[Interval]:
    first, last = grid.times[0], grid.times[-1]
    wide = max(1, (last - first) // 150)  # wide enough to be seen
    at = first
    for moment in sorted({int(value / 1000) for _, value in line.points}):
        if at <= moment < last:
            yield Interval(at, moment, "not", "none")
            at = min(moment + wide, last)
            yield Interval(moment, at, event.title, event.state)
    yield Interval(at, last, "not", "none")


def _now(found: EventMark) -> Component:
    if found.event.moment:
        return chip(f"at {minute(found.began)}")
    return chip("now", CHIPS[found.event.state]) if found.line.latest is not None else chip("over")

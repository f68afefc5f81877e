"""What happened in the time that is shown: halts, restarts, silences, alerts. It explains changes in every panel."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from dash import html
from dash.development.base_component import Component

from investiq.serve.web.elements import Children, card, chip
from investiq.serve.web.panels.queries import SPANS, Line, Picture, asked, picture_of
from investiq.serve.web.panels.states import CHIPS, Stretch, bar, minute, timeline
from investiq.serve.web.panels_file import Boards, Event, Panel, Query, View
from investiq.serve.web.reading import Missing
from investiq.serve.web.sources import Sources

__all__ = ["draw_events", "happenings"]

MOST_EVENTS = 12


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the time shown.

    Attributes:
        drawn: when it was, and the time between.
        began: Unix second of the last time that it began.
    """

    event: Event
    line: Line
    drawn: Sequence[Stretch]
    began: int


async def draw_events(sources: Sources, boards: Boards, span: str) -> Children:
    """The events of the span, or that there were none; nothing while Prometheus does not answer."""
    picture = picture_of(SPANS.get(span, SPANS["15 min"]), View.STATES)
    answers = await asyncio.gather(*(asked(sources, boards, _panel(event), picture) for event in boards.events))
    lines = [answer for answer in answers if not isinstance(answer, Missing)]
    if not answers or len(lines) < len(answers):
        return None
    happened = [
        found for event, of in zip(boards.events, lines, strict=True) for found in _happened(event, of, picture)
    ]
    if not happened:
        titles = ", ".join(event.title.lower() for event in boards.events)
        return html.P(f"Nothing happened in this time that could explain a change: {titles}.", className="muted small")
    latest = sorted(happened, key=lambda found: found.began, reverse=True)[:MOST_EVENTS]
    rows = [bar(found.line.name, found.drawn, picture, _now(found)) for found in latest]
    note = f"the latest {len(rows)} of {len(happened)}" if len(happened) > len(rows) else None
    return card("What happened", timeline(rows, picture, note), css="events")


def _happened(event: Event, lines: Sequence[Line], picture: Picture) -> Iterator[Happened]:
    for line in lines:
        drawn = list(happenings(event, line, picture))
        began = [piece.start for piece in drawn if piece.tone != "none"]
        if began:
            yield Happened(event, line, drawn, began[-1])


def _panel(event: Event) -> Panel:
    """An event is asked for like a panel of states."""
    return Panel(
        title=event.title,
        description="",
        unit="none",
        view=View.STATES,
        width=24,
        minimum=None,
        maximum=None,
        queries=(Query(expr=event.expr, legend=event.text),),
        thresholds=(),
        states=(),
        emptiness="",
    )


def happenings(event: Event, line: Line, picture: Picture) -> Iterator[Stretch]:
    """When the event was, and the time between."""
    return _moments(event, line, picture) if event.moment else _lasting(event, line, picture.times)


def _lasting(event: Event, line: Line, times: Sequence[int]) -> Iterator[Stretch]:
    seen = {at for at, _ in line.samples}
    for there, group in groupby(range(len(times) - 1), key=lambda place: times[place] in seen):
        places = list(group)
        text, tone = (event.title, event.state) if there else ("not", "none")
        yield Stretch(times[places[0]], times[places[-1] + 1], text, tone)


def _moments(event: Event, line: Line, picture: Picture) -> Iterator[Stretch]:
    first, last = picture.times[0], picture.times[-1]
    wide = max(1, (last - first) // 150)  # wide enough to be seen
    at = first
    for moment in sorted({int(value / 1000) for _, value in line.samples}):
        if at <= moment < last:
            yield Stretch(at, moment, "not", "none")
            at = min(moment + wide, last)
            yield Stretch(moment, at, event.title, event.state)
    yield Stretch(at, last, "not", "none")


def _now(found: Happened) -> Component:
    if found.event.moment:
        return chip(f"at {minute(found.began)}")
    return chip("now", CHIPS[found.event.state]) if found.line.latest is not None else chip("over")

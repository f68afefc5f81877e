"""States over time: for each series a bar that changes with its state, and the state of now in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from dash import html
from dash.development.base_component import Component

from investiq.foundation.contract.panels import PanelDocument
from investiq.serve.web.elements import Children, attributes, chip
from investiq.serve.web.panels.number import value_state, value_text
from investiq.serve.web.panels.queries import PlottedSeries, TimeGrid

__all__ = ["CHIPS", "Interval", "bar", "intervals", "minute", "states", "timeline"]

MOST_BARS = 40
NOTHING = "no data"
CHIPS: Mapping[str, str] = {"good": "good", "warning": "warn", "bad": "bad", "neutral": "plain"}


@dataclass(frozen=True, slots=True)
class Interval:
    """A time in one state.

    Attributes:
        start: Unix second, and `end` the one before which it ends.
        tone: how good: good, warning, bad, neutral; `none` without data.
    """

    start: int
    end: int
    text: str
    tone: str


def states(panel: PanelDocument, lines: Sequence[PlottedSeries], grid: TimeGrid) -> Children:
    """One row for each series."""
    rows = [
        bar(
            line.name or panel.title,
            list(intervals(panel, line, grid.times)),
            grid,
            chip(value_text(panel, line.latest), CHIPS[value_state(panel, line.latest)]),
        )
        for line in lines[:MOST_BARS]
    ]
    note = f"the first {len(rows)} of {len(lines)}" if len(lines) > len(rows) else None
    return timeline(rows, grid, note)


def timeline(rows: Sequence[Component], grid: TimeGrid, note: str | None = None) -> Component:
    """Bars above the times of the picture."""
    middle = (grid.times[0] + grid.times[-1]) // 2
    axis = html.Div(
        [html.Span(minute(moment)) for moment in (grid.times[0], middle, grid.times[-1])],
        className="timeline-axis",
        **attributes(aria_hidden="true"),
    )
    return html.Div(
        [
            *rows,
            axis,
            html.P(note, className="muted small") if note else None,
        ],
        className="timeline",
    )


def bar(name: str, drawn: Sequence[Interval], grid: TimeGrid, aside: Component) -> Component:
    """One row: the name, the bar, and what is now."""
    whole = max(1, grid.times[-1] - grid.times[0])
    pieces = [
        html.I(
            className=f"stretch stretch-{piece.tone}",
            style={"width": f"{100 * (piece.end - piece.start) / whole:.3f}%"},
            title=f"{name}: {piece.text}, {minute(piece.start)} to {minute(piece.end)} UTC",
        )
        for piece in drawn
    ]
    drawing = html.Div(pieces, className="timeline-bar", role="img", **attributes(aria_label=_told(name, drawn)))
    return html.Div([html.Span(name, className="timeline-name", title=name), drawing, aside], className="timeline-row")


def intervals(panel: PanelDocument, line: PlottedSeries, times: Sequence[int]) -> Iterator[Interval]:
    """What the line was from the first of `times` to the last; each sample holds until the next time."""
    points = dict(line.points)

    def told(place: int) -> tuple[str, str]:
        value = points.get(times[place])
        return (NOTHING, "none") if value is None else (value_text(panel, value), value_state(panel, value))

    for (text, tone), group in groupby(range(len(times) - 1), key=told):
        places = list(group)
        yield Interval(times[places[0]], times[places[-1] + 1], text, tone)


def _told(name: str, drawn: Sequence[Interval]) -> str:
    """The bar in words: the last changes, newest first."""
    newest = [f"{piece.text} from {minute(piece.start)}" for piece in reversed(drawn)][:5]
    return f"{name}: {', before that '.join(newest)}"


def minute(moment: int) -> str:
    """The time of day in UTC."""
    return f"{datetime.fromtimestamp(moment, UTC):%H:%M}"

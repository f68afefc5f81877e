"""Operations: is everything up, what fires, what was paged, and how the servers do, as Prometheus has it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from investiq.web import charts
from investiq.web import format as fmt
from investiq.web.elements import Children, card, missing, page_title, pending
from investiq.web.pages.panels import COLORS, PANELS, SPANS, Panel, step_of
from investiq.web.pages.watched import alerts_content, pages_content, parts_content
from investiq.web.reading import Missing
from investiq.web.sources import Sources, sample_times
from investiq.web.watchers import Sample

__all__ = ["layout", "panel_content", "register"]

POLL_MILLISECONDS = 5_000


def layout() -> Component:
    """The page, to be filled by its callbacks."""
    spans = dmc.SegmentedControl(id="span", data=list(SPANS), value="15 min", size="xs")
    return html.Div(
        [
            dcc.Interval(id="operations-poll", interval=POLL_MILLISECONDS),
            page_title(html.H1("Operations")),
            html.Div(
                [
                    html.Div(card("Firing alerts", pending(80)), id="alerts"),
                    html.Div(card("Pages received", pending(80)), id="pages"),
                ],
                className="halves",
            ),
            html.Div(card("Parts", pending(120)), id="parts"),
            html.Div(
                [
                    html.H2(["Servers ", html.Span("real time, UTC", className="muted small")], className="section"),
                    spans,
                ],
                className="section-line",
            ),
            html.Div([_panel_card(panel) for panel in PANELS], className="panels"),
        ]
    )


def _panel_card(panel: Panel) -> Component:
    body = [
        html.Div(_legend(panel, {}), className="legend", id=f"{panel.name}-legend"),
        html.Div(charts.chart(f"{panel.name}-chart", 190, [], intraday=True), className="chart"),
        html.Div(id=f"{panel.name}-missing"),
    ]
    return card(panel.title, body, aside=html.Span(panel.about, className="muted small"))


def _legend(panel: Panel, lines: Mapping[str, Sequence[Sample]]) -> list[Component]:
    """The lines with their latest values."""
    return [
        html.Span(
            [
                html.I(style={"background": COLORS[name]}),
                label,
                html.B(panel.written(lines[name][-1][1]) if lines.get(name) else fmt.MISSING),
            ],
            className="legend-item",
        )
        for name, label in panel.lines.items()
    ]


def register(app: Dash, sources: Sources) -> None:
    """Keep the page current."""
    poll = Input("operations-poll", "n_intervals")

    async def show_states(_ticks: int | None) -> tuple[Component, Component, Component]:
        alerts, pages, targets = await asyncio.gather(sources.alerts(), sources.pages(), sources.targets())
        return alerts_content(alerts), pages_content(pages), parts_content(targets)

    app.callback(Output("alerts", "children"), Output("pages", "children"), Output("parts", "children"), poll)(
        show_states
    )
    for panel in PANELS:
        app.callback(
            Output(f"{panel.name}-chart", "series"),
            Output(f"{panel.name}-chart", "timeScaleAction"),
            Output(f"{panel.name}-missing", "children"),
            Output(f"{panel.name}-legend", "children"),
            poll,
            Input("span", "value"),
        )(_panel_callback(sources, panel))


def _panel_callback(sources: Sources, panel: Panel) -> Any:
    async def show_panel(_ticks: int | None, span: str) -> tuple[Any, ...]:
        return await panel_content(sources, panel, span)

    return show_panel


async def panel_content(sources: Sources, panel: Panel, span: str) -> tuple[Any, ...]:
    """The series, a command that fits the axis, why there are none, and the legend with the latest values."""
    seconds = SPANS.get(span, SPANS["15 min"])
    step = step_of(seconds)
    answers = await asyncio.gather(*(sources.history(q, seconds, step) for q in panel.queries(step)))
    for answer in answers:
        if isinstance(answer, Missing):
            return no_update, no_update, missing(answer, panel.title), _legend(panel, {})
    lines = panel.by_line([answer for answer in answers if not isinstance(answer, Missing)])
    note: Children = None if any(lines.values()) else html.P(panel.nothing, className="muted small")
    times = sample_times(seconds, step)
    colors = {name: COLORS[name] for name in panel.lines}
    series = charts.line_series(lines, colors, panel.formatter, times=times, least_top=panel.least_top)
    return series, {"action": "fitContent", "nonce": f"{span} {times[-1]}"}, note, _legend(panel, lines)

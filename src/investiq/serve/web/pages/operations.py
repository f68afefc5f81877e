"""Operations: what is up, what fires, what was paged, and each dashboard of the monitoring as Prometheus has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from investiq.foundation import figures as fmt
from investiq.foundation.contract.panels import DashboardDocument, PanelsDocument, PanelsUnreadable
from investiq.serve.web import charts
from investiq.serve.web.elements import Children, attributes, card, notice, outage, page_title, pending, with_code
from investiq.serve.web.mantine import dmc
from investiq.serve.web.pages.watched import alerts_content, pages_content, parts_content
from investiq.serve.web.panels.dashboard import RenderedPanel, board_layout, render_dashboard
from investiq.serve.web.panels.events import draw_events
from investiq.serve.web.panels.queries import POLL_SECONDS, SPANS
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources

__all__ = ["OVERVIEW", "board_changes", "knows", "layout", "register"]

POLL_MILLISECONDS = 5_000
OVERVIEW = "overview"
"""The dashboard that stands on the first page, below what fires and what runs."""

ALERTS = "alerts"
"""The dashboard of the alerts: what fires stands above it, too."""


def knows(sources: Sources, name: str) -> bool:
    """Whether there is a page of this dashboard; while the file cannot be read, any page says so."""
    try:
        return name == OVERVIEW or sources.panels.read().named(name) is not None
    except PanelsUnreadable:
        return True


def layout(sources: Sources, name: str = OVERVIEW) -> Component:
    """The page of a dashboard, to be filled by its callbacks."""
    if not knows(sources, name):
        return _unknown(name)
    shown, key = _shown(sources, name)
    spans = dmc.SegmentedControl(
        id="span",
        data=list(SPANS),
        value=next(iter(SPANS)),
        size="xs",
        persistence=True,
        persistence_type="session",
        **attributes(aria_label="Time shown"),
    )
    return html.Div(
        [
            dcc.Interval(id="board-poll", interval=POLL_SECONDS * 1000),
            dcc.Store(id="board-key", data=key),
            dcc.Store(id="board-name", data=name),
            page_title(html.H1("Operations"), [html.Span(id="board-time", className="muted small"), spans]),
            html.Nav(_tabs(sources, name), id="board-tabs", className="tabs", **attributes(aria_label="Dashboards")),
            _STATES[name]() if name in _STATES else None,
            html.Div(id="board-outage"),
            html.Div(id="board-events"),
            html.Div(shown, id="board", className="board"),
        ]
    )


def _unknown(name: str) -> Component:
    return html.Div(
        [
            page_title(html.H1("Dashboard not found")),
            html.P(["No dashboard is called ", html.Code(name[:80]), ". ", dcc.Link("Operations", href="/operations")]),
        ]
    )


def _tabs(sources: Sources, current: str) -> list[Component]:
    try:
        document: Sequence[DashboardDocument] = sources.panels.read().dashboards
    except PanelsUnreadable:
        document = ()
    others = [
        (dashboard.name, dashboard.title.removeprefix("InvestIQ "))
        for dashboard in document
        if dashboard.name != OVERVIEW
    ]
    tabs = [_tab(title, dashboard, dashboard == current) for dashboard, title in [(OVERVIEW, "Overview"), *others]]
    further = (("Checklist", "/checklist"), ("Audit log", "/audit"))
    return [*tabs, *(dcc.Link(name, href=path, className="tab") for name, path in further)]


def _tab(title: str, name: str, current: bool) -> Component:
    address = "/operations" if name == OVERVIEW else f"/operations/{name}"
    if current:  # a dcc.Link knows no ARIA attributes
        return html.A(title, href=address, className="tab current", **attributes(aria_current="page"))
    return dcc.Link(title, href=address, className="tab")


def _alerts() -> Component:
    """What fires."""
    return html.Div(
        [
            dcc.Interval(id="alerts-poll", interval=POLL_MILLISECONDS),
            html.Div(card("Firing alerts", pending(80)), id="alerts"),
        ],
        className="firing",
    )


def _states() -> Component:
    """What fires, what was paged, and what runs."""
    return html.Div(
        [
            dcc.Interval(id="operations-poll", interval=POLL_MILLISECONDS),
            dcc.Interval(id="alerts-poll", interval=POLL_MILLISECONDS),
            html.Div(
                [
                    html.Div(card("Firing alerts", pending(80)), id="alerts"),
                    html.Div(card("Notifications received", pending(80)), id="pages"),
                ],
                className="halves",
            ),
            html.Div(card("Parts", pending(120)), id="parts"),
        ]
    )


_STATES: Mapping[str, Callable[[], Component]] = {OVERVIEW: _states, ALERTS: _alerts}
"""What stands above the panels of a dashboard, by its name."""


def _shown(sources: Sources, name: str) -> tuple[Children, str]:
    """The panels of a dashboard, or why there are none; and the key that changes when they do."""
    try:
        document = sources.panels.read()
    except PanelsUnreadable as error:
        return notice("No panels", [html.Span(with_code(error.message))], "red"), f"{name}@"
    dashboard = document.named(name)
    key = f"{name}@{document.revision}"
    if dashboard is None:
        return notice("This dashboard no longer exists", [f"The file of panels has no `{name}`."], "red"), key
    about = html.P(with_code(dashboard.description), className="muted board-about")
    return [about, board_layout(dashboard, key)], key


def register(app: Dash, sources: Sources) -> None:
    """Keep the page current."""

    async def show_alerts(_ticks: int | None) -> Component:
        return alerts_content(await sources.alerts())

    async def show_states(_ticks: int | None) -> tuple[Component, Component]:
        pages, targets = await asyncio.gather(sources.pages(), sources.targets())
        return pages_content(pages), parts_content(targets)

    def show_new_file(_ticks: int | None, name: str, key: str) -> tuple[Children, str, Children]:
        shown, new = _shown(sources, name)
        if new == key:
            raise PreventUpdate
        return shown, new, _tabs(sources, name)

    async def show_panels(_ticks: int | None, span: str, key: str) -> tuple[Any, ...]:
        charts, _, words = ([target["id"]["place"] for target in targets] for targets in ctx.outputs_list[:3])
        return await board_changes(sources, key, span, charts, words)

    poll = Input("board-poll", "n_intervals")
    app.callback(Output("alerts", "children"), Input("alerts-poll", "n_intervals"))(show_alerts)
    app.callback(
        Output("pages", "children"),
        Output("parts", "children"),
        Input("operations-poll", "n_intervals"),
    )(show_states)
    app.callback(
        Output("board", "children"),
        Output("board-key", "data"),
        Output("board-tabs", "children"),
        poll,
        State("board-name", "data"),
        State("board-key", "data"),
        prevent_initial_call=True,
    )(show_new_file)
    app.callback(
        Output({"kind": "panel-chart", "board": ALL, "place": ALL}, "series"),
        Output({"kind": "panel-chart", "board": ALL, "place": ALL}, "timeScaleAction"),
        Output({"kind": "panel-words", "board": ALL, "place": ALL}, "children"),
        Output("board-outage", "children"),
        Output("board-events", "children"),
        Output("board-time", "children"),
        poll,
        Input("span", "value"),
        Input("board-key", "data"),
    )(show_panels)

    charts.tint(app, {"kind": "panel-chart", "board": ALL, "place": ALL})
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("investiq", "point_at"),
        Input({"kind": "panel-chart", "board": ALL, "place": ALL}, "crosshair"),
        Input({"kind": "panel-words", "board": ALL, "place": ALL}, "children"),
        prevent_initial_call=True,
    )


async def board_changes(
    sources: Sources, key: str, span: str, charts: Sequence[int], words: Sequence[int]
) -> tuple[list[Any], list[Any], list[Any], Children, Children, Children]:
    """What a poll changes on the page.

    Args:
        key: what the page shows: a dashboard at a version of the file.
        charts: places of the panels that have a chart.
        words: places of all panels.
    """
    name, _, revision = key.rpartition("@")
    document = _current(sources, revision)
    dashboard = document.named(name) if document else None
    if document is None or dashboard is None:
        return [no_update] * len(charts), [no_update] * len(charts), [no_update] * len(words), None, None, None
    panels_drawn, events = await asyncio.gather(
        render_dashboard(sources, document, dashboard, span), draw_events(sources, document, span)
    )
    drawn = dict(enumerate(panels_drawn))
    panels = [drawn.get(place, RenderedPanel(None)) for place in charts]
    return (
        [no_update if panel.series is None else panel.series for panel in panels],
        [no_update if panel.fit is None else panel.fit for panel in panels],
        [drawn[place].words if place in drawn else no_update for place in words],
        _outage(panels_drawn),
        events,
        f"real time, UTC · read {fmt.clock_time(datetime.now(UTC))}",
    )


def _current(sources: Sources, revision: str) -> PanelsDocument | None:
    """The file as the page has it; None where it is another one by now, which `show_new_file` notices."""
    try:
        document = sources.panels.read()
    except PanelsUnreadable:
        return None
    return document if document.revision == revision else None


def _outage(drawn: Sequence[RenderedPanel]) -> Children:
    """Said once above all panels, not in each of them."""
    silent: list[SourceUnavailable] = [panel.silent for panel in drawn if panel.silent is not None]
    return outage(silent[0], "Panels") if silent else None

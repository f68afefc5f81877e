"""A dashboard on a page: its rows and panels, and what is put into them at each poll."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from dash import html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.foundation.contract.panels import DashboardDocument, PanelDocument, PanelsDocument, PanelView, RowDocument
from investiq.serve.web import charts
from investiq.serve.web.elements import Children, attributes, chip, with_code
from investiq.serve.web.mantine import dmc
from investiq.serve.web.panels import lines as line_view
from investiq.serve.web.panels.number import numbers
from investiq.serve.web.panels.queries import SPANS, PlottedSeries, Span, TimeGrid, query_panel, time_grid
from investiq.serve.web.panels.states import states
from investiq.serve.web.panels.table import table
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources

__all__ = ["RenderedPanel", "board_layout", "render_dashboard"]

CHART_PIXELS = 190

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RenderedPanel:
    """What is put into a panel.

    Attributes:
        words: below the chart, or instead of it.
        series: of the chart; None leaves it as it is, hidden by what `words` say.
        fit: a command that fits the axis of time, once for each new picture.
        silent: Prometheus gave no answer, as to every other panel.
    """

    words: Children
    series: list[dict[str, Any]] | None = None
    fit: dict[str, Any] | None = None
    silent: SourceUnavailable | None = None


def board_layout(dashboard: DashboardDocument, key: str) -> Component:
    """The rows and panels, to be filled.

    Args:
        key: names this board at this version of the file, in the ids of what is filled.
    """
    places = iter(range(len(dashboard.panels)))
    return html.Div([_row(row, key, [next(places) for _ in row.panels]) for row in dashboard.rows])


def _row(row: RowDocument, key: str, places: Sequence[int]) -> Component:
    panels = [_panel(panel, key, place) for panel, place in zip(row.panels, places, strict=True)]
    return html.Section([html.H2(row.title, className="section"), html.Div(panels, className="panels")])


def _panel(panel: PanelDocument, key: str, place: int) -> Component:
    at: dict[str, str | int] = {"board": key, "place": place}
    words: Component = html.Div(
        dmc.Skeleton(height=CHART_PIXELS if panel.view is PanelView.LINES else 60, radius="sm"),
        id={"kind": "panel-words", **at},
        className="panel-words",
    )
    chart = html.Div(
        charts.chart({"kind": "panel-chart", **at}, CHART_PIXELS, [], intraday=True, legend=True), className="chart"
    )
    head = html.Div([html.H3(panel.title), _about(panel, key, place)], className="panel-head")
    return html.Section(
        [
            head,
            html.Div([*([chart] if panel.view is PanelView.LINES else []), words], className="card-body"),
            line_view.threshold_words(panel),
        ],
        className=f"card panel panel-{panel.view.value} wide-{panel.width}",
        **attributes(aria_label=panel.title),
    )


def _about(panel: PanelDocument, key: str, place: int) -> Component:
    """What the panel shows, at the pointer and at the keyboard; the style sheet shows it."""
    identifier = f"about-{key}-{place}"
    named = attributes(aria_label=f"About {panel.title}", aria_describedby=identifier)
    button = html.Button("i", type="button", className="about-button", **named)
    return html.Span(
        [button, html.Span(with_code(panel.description), id=identifier, role="tooltip", className="about-text")],
        className="about",
    )


async def render_dashboard(
    sources: Sources, document: PanelsDocument, dashboard: DashboardDocument, span: str
) -> list[RenderedPanel]:
    """Each panel of the board, in order; what is wrong with one stays in that one."""
    chosen = SPANS.get(span, SPANS["15 min"])
    return await asyncio.gather(*(_drawn(sources, document, panel, chosen) for panel in dashboard.panels))


async def _drawn(sources: Sources, document: PanelsDocument, panel: PanelDocument, span: Span) -> RenderedPanel:
    try:
        grid = time_grid(span, panel.view)
        answer = await query_panel(sources, document, panel, grid)
        return _silent(answer) if isinstance(answer, SourceUnavailable) else draw(panel, answer, grid)
    except Exception:  # a fault of ours in one panel must not take the others
        _log.exception("panel_failed", panel=panel.title)
        return RenderedPanel(_nothing("Cannot draw this panel.", "This is a bug in the console; see its log."))


def draw(panel: PanelDocument, lines: Sequence[PlottedSeries], grid: TimeGrid) -> RenderedPanel:
    """The panel with what was answered."""
    if not any(line.points for line in lines):
        return RenderedPanel(_empty(panel, grid))
    match panel.view:
        case PanelView.LINES:
            fit = {"action": "fitContent", "nonce": f"{grid.step} {grid.times[-1]}"}
            return RenderedPanel(line_view.legend(panel, lines), line_view.series(panel, lines, grid), fit)
        case PanelView.NUMBER:
            return RenderedPanel(numbers(panel, lines))
        case PanelView.STATES:
            return RenderedPanel(states(panel, lines, grid))
        case PanelView.TABLE:
            return RenderedPanel(table(panel, lines))


def _silent(why: SourceUnavailable) -> RenderedPanel:
    if why.refused:
        return RenderedPanel(_nothing("Prometheus rejected the query.", _shortened(why.error)))
    said = html.Strong(f"{why.part} has not answered since {fmt.clock_time(why.since)}.")
    return RenderedPanel(html.Div(said, className="missing missing-brief"), silent=why)


def _shortened(text: str, limit: int = 240) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _empty(panel: PanelDocument, grid: TimeGrid) -> Component:
    if panel.emptiness:
        word = chip("Good", "good") if panel.empty_is_good else chip("No data")
        why = html.P(panel.emptiness, className="sentence")
        return html.Div(html.Div([word, why], className="why-empty"), className="no-lines")
    minutes = fmt.age(grid.times[-1] - grid.times[0])
    seen = f"of the last {minutes}" if panel.view in (PanelView.LINES, PanelView.STATES) else "of now"
    advice = "Run `investiq status` to see what is down, `investiq validate` to see what is not measured."
    return _nothing("No data", with_code(f"Prometheus has no sample {seen}. {advice}"))


def _nothing(heading: str, then: Children) -> Component:
    return html.Div([html.Strong(heading), html.P(then, className="muted small")], className="no-lines no-data")

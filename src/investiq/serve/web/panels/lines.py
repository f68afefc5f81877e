"""Lines over time, with their latest values and the thresholds of alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.foundation.contract.panels import PanelDocument, ThresholdDocument
from investiq.serve.web import charts
from investiq.serve.web.elements import Children, attributes
from investiq.serve.web.links import runbook_page
from investiq.serve.web.panels.queries import PlottedSeries, TimeGrid, highest
from investiq.serve.web.units import unit_named

__all__ = ["COLORS", "MOST_LINES", "SEVERITY_COLORS", "legend", "series", "threshold_words"]

COLORS = (
    "#3f7de0",
    "#cf7a12",
    "#9a5fd0",
    "#12968c",
    "#d4508f",
    "#5d9a1f",
    "#6b7f99",
    "#a9713d",
    "#1f93c4",
    "#998400",
    "#c07a9a",
    "#7a6ff0",
)
"""Told apart on white and on dark ground, at least 3 to 1 against both; red and amber are for thresholds."""

MOST_LINES = len(COLORS)
LONG_NAME = 20
"""Characters from which on a name needs a line of the legend to itself."""

SEVERITY_COLORS: Mapping[str, str] = {"critical": "#d64550", "warning": "#d9901a"}
_TONES: Mapping[str, str] = {"critical": "tone-bad", "warning": "tone-warn"}
_SIDES: Mapping[str, str] = {">": "above", "<": "below", "==": "at", "!=": "other than"}


def series(panel: PanelDocument, lines: Sequence[PlottedSeries], grid: TimeGrid) -> list[dict[str, Any]]:
    """What the chart draws."""
    shown = highest(lines, MOST_LINES)
    unit = unit_named(panel.unit)
    limits = [
        charts.Limit(threshold.value, SEVERITY_COLORS.get(threshold.severity, COLORS[6]), threshold.alert)
        for threshold in panel.thresholds
    ]
    low = panel.minimum
    high = panel.maximum if panel.maximum is not None or low is None else low + unit.least_top
    return charts.line_series(
        {line.key: line.points for line in shown},
        COLORS,
        charts.Axis(unit.axis, unit.least_step, low, high),
        times=grid.times,
        limits=limits,
    )


def legend(panel: PanelDocument, lines: Sequence[PlottedSeries]) -> Children:
    """The lines with their latest values, and where alerts begin."""
    shown = highest(lines, MOST_LINES)
    written = unit_named(panel.unit).written
    items = [
        html.Li(
            [
                html.I(style={"background": color}),
                html.Span(line.name or panel.title, className="legend-name", title=line.name or panel.title),
                html.B(fmt.MISSING if line.latest is None else written(line.latest), **attributes(data_line=line.key)),
            ],
            className="legend-item",
        )
        for line, color in zip(shown, COLORS, strict=False)
    ]
    long = "legend-long" if any(len(line.name) > LONG_NAME for line in shown) else ""
    many = len(lines) > len(shown)
    note = f"top {len(shown)} of {len(lines)} lines by latest value" if many else None
    return [
        html.Ul(
            items,
            className=f"legend {long}".strip(),
            tabIndex=0 if len(items) > 6 else None,
            **attributes(data_axis=unit_named(panel.unit).axis),
        ),
        html.P(note, className="muted small") if note else None,
    ]


def threshold_words(panel: PanelDocument) -> Component | None:
    """Which alerts judge the panel, and from where on."""
    if not panel.thresholds:
        return None
    return html.Ul([_threshold(panel, threshold) for threshold in panel.thresholds], className="limits")


def _threshold(panel: PanelDocument, threshold: ThresholdDocument) -> Component:
    state = panel.state_of(threshold.value)
    value = state.text if state else unit_named(panel.unit).written(threshold.value)
    color = SEVERITY_COLORS.get(threshold.severity, COLORS[6])
    return html.Li(
        [
            html.I(style={"borderColor": color}),
            html.A(
                threshold.alert,
                href=runbook_page(threshold.subject, threshold.alert),
                className=_TONES.get(threshold.severity, ""),
            ),
            f" {_SIDES[threshold.op]} {value}",
        ],
        className="limit",
        title=f"{threshold.alert} ({threshold.severity}) fires {_SIDES[threshold.op]} {value}",
    )

"""A panel as data: what is asked, how it is drawn, and which alerts judge it.

Grafana's dashboards, the operations pages of the console and the live validation are made of the same panels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from investiq.foundation.contract.panels import PanelState, PanelUnit, PanelView
from investiq.foundation.telemetry.catalogue import Metric
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.alert import Alert
from investiq.monitoring.exporters.external_metric import ExternalMetric
from investiq.promql.matcher import matching

__all__ = [
    "TARGET",
    "Dashboard",
    "Event",
    "Panel",
    "Query",
    "Row",
]

TARGET = (matching("job", "$job"), matching("instance", "$instance"))
"""Matchers of each selector in a panel: the reader chooses job and instance at the top of the dashboard."""


@dataclass(frozen=True, slots=True)
class Query:
    """One expression of a panel.

    Attributes:
        expr: PromQL; may hold `$__rate_interval`, `$job` and `$instance`.
        legend: name of each series, with its labels as `{{label}}`.
    """

    expr: str
    legend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel.

    Attributes:
        description: what is seen, and what a bad picture means.
        alerts: those whose thresholds are drawn; their queries must have the panel's unit.
        states: value -> words and how good it is.
        emptiness: why there may be no data; empty where a running stack must have some.
        empty_is_good: no data is good news, such as that nothing fires, and not only nothing to measure.
        width: of the 24 columns of a dashboard.
        minimum: lowest value of the axis; None lets it follow the data.
        maximum: highest value of the axis; None lets it follow the data.
    """

    title: str
    description: str
    unit: PanelUnit
    queries: tuple[Query, ...]
    view: PanelView = PanelView.LINES
    alerts: tuple[Alert, ...] = ()
    states: Mapping[float, tuple[str, PanelState]] = field(default_factory=dict)
    emptiness: str = ""
    empty_is_good: bool = False
    width: Literal[4, 6, 8, 12, 24] = 12
    minimum: float | None = 0
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is marked in every picture, since it explains a change in it.

    Attributes:
        expr: PromQL of series that are there while it lasts; of its moment in Unix milliseconds, with `moment`.
        text: of one mark, with labels as `{{label}}`.
        moment: the value says when.
    """

    title: str
    expr: str
    text: str
    state: PanelState
    moment: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Panels that belong together, under a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard.

    Attributes:
        name: its place in the console (`/operations/<name>`) and its file: the subject, `overview` or `alerts`.
        targets: the metric whose jobs and instances can be chosen.
    """

    name: str
    title: str
    description: str
    targets: Metric | ExternalMetric
    rows: tuple[Row, ...]
    subject: Subject | None = None

    @property
    def uid(self) -> str:
        """The stable id of Grafana's address of it."""
        return f"investiq-{self.name}"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Every panel, in the order of the rows."""
        return tuple(panel for row in self.rows for panel in row.panels)

"""The expressions of rule files and panels as trees, and what is known of the series in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from investiq.foundation.contract.panels import expand_variables
from investiq.foundation.findings import Place, PlaceKind
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.catalogue import Kind, Metric
from investiq.monitoring.checks.sources import dashboard_source, source_of
from investiq.monitoring.checks.yaml_lines import line_of
from investiq.monitoring.dashboards.panel import Dashboard, Event
from investiq.monitoring.exporters import EXTERNAL_METRICS
from investiq.promql.parse import ParseError, parse
from investiq.promql.series import SeriesFacts
from investiq.promql.tree import Node

__all__ = ["NO_RESULT", "Expression", "expressions", "known_series", "panel_expressions"]

NO_RESULT = "an alert without a result never fires, and a panel stays empty"
"""Why it matters that an expression cannot have one."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression.

    Attributes:
        place: file and rule, or dashboard and panel.
        records: the series that it is recorded as, of a recording rule.
        adds: the labels that this rule adds to them.
        tree: None where it does not parse; then `problem` says why, which is a finding of the check of references.
    """

    place: Place
    tree: Node | None
    problem: str = ""
    records: str | None = None
    adds: frozenset[str] = frozenset()

    @classmethod
    def parsed(cls, place: Place, text: str, records: str | None = None, adds: Iterable[str] = ()) -> Expression:
        """The expression that is written as `text`."""
        try:
            return cls(place, parse(text), records=records, adds=frozenset(adds))
        except ParseError as error:
            return cls(place, None, error.message, records, frozenset(adds))


def expressions(rule_files: Mapping[str, Mapping[str, Any]]) -> list[Expression]:
    """Every expression of rule files.

    Args:
        rule_files: path -> parsed rule file.
    """
    return [
        Expression.parsed(
            Place.file(path, str(rule.get("alert") or rule.get("record")), line_of(rule), source_of(path)),
            str(rule["expr"]),
            rule.get("record"),
            rule.get("labels", {}) if "record" in rule else (),
        )
        for path, document in rule_files.items()
        for group in document.get("groups", ())
        for rule in group.get("rules", ())
    ]


def panel_expressions(dashboards: Iterable[Dashboard], events: Sequence[Event] = ()) -> list[Expression]:
    """Every expression of the panels, over every job and instance, and of the marked events."""
    of_panels = [
        (_panel(dashboard, panel.title), expand_variables(query.expr))
        for dashboard in dashboards
        for panel in dashboard.panels
        for query in panel.queries
    ]
    of_events = [(Place(PlaceKind.PANEL, "event", event.title), event.expr) for event in events]
    return [Expression.parsed(place, text) for place, text in (*of_panels, *of_events)]


def _panel(dashboard: Dashboard, title: str) -> Place:
    return Place(PlaceKind.PANEL, f"dashboard {dashboard.name}", title, source=dashboard_source(dashboard.name))


def known_series() -> dict[str, SeriesFacts]:
    """Name of each series of the catalogue and of foreign programs -> what it is."""
    series = {
        metric.name: SeriesFacts(metric.name, metric.kind is Kind.COUNTER, None, bounds=metric.bounds)
        for metric in EXTERNAL_METRICS
    }
    for metric in catalogue.ALL:
        series |= _of_catalogue(metric)
    return series


def _of_catalogue(metric: Metric) -> dict[str, SeriesFacts]:
    labels = frozenset({*metric.label_names, "job", "instance"})
    if metric.kind is not Kind.HISTOGRAM:
        return {metric.name: SeriesFacts(metric.name, metric.kind is Kind.COUNTER, labels, bounds=metric.bounds)}
    parts = {f"{metric.name}{suffix}": SeriesFacts(metric.name, True, labels) for suffix in ("_sum", "_count")}
    bucket = SeriesFacts(metric.name, True, labels | {"le"}, metric.buckets)
    return parts | {f"{metric.name}_bucket": bucket}

"""The latest values as a table: a row for each series, a column for each label that tells them apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.foundation.contract.panels import PanelDocument
from investiq.serve.web.elements import Children, attributes, chip
from investiq.serve.web.panels.number import value_state, value_text
from investiq.serve.web.panels.queries import PlottedSeries

__all__ = ["columns_of", "table"]

MOST_ROWS = 50
_LABEL = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
_CHIPS = {"good": "good", "warning": "warn", "bad": "bad"}


def table(panel: PanelDocument, lines: Sequence[PlottedSeries]) -> Children:
    """The table, the highest values first; beyond `MOST_ROWS` it says how many there are."""
    columns = columns_of(panel, lines)
    rows: dict[tuple[str, ...], dict[int, PlottedSeries]] = {}
    for line in sorted(lines, key=_rank):
        rows.setdefault(tuple(line.labels.get(label, "") for label in columns), {})[line.query] = line
    headings = [label.replace("_", " ") for label in columns]
    places = [] if columns and _is_about_labels(panel, lines) else range(len(panel.queries))
    values = [_heading(panel, place) for place in places]
    head = html.Tr(
        [*(html.Th(text, scope="col") for text in headings)]
        + [html.Th(text, scope="col", className="value") for text in values]
    )
    body = [_row(panel, key, [row.get(place) for place in places]) for key, row in list(rows.items())[:MOST_ROWS]]
    note = f"top {MOST_ROWS} of {len(rows)} rows" if len(rows) > MOST_ROWS else None
    scrolling = html.Div(
        html.Table([html.Thead(head), html.Tbody(body)], className="values"),
        className="values-scroll",
        tabIndex=0,
        role="group",
        **attributes(aria_label=f"{panel.title}, table"),
    )
    return [scrolling, html.P(note, className="muted small") if note else None]


def _rank(line: PlottedSeries) -> tuple[float, str]:
    return (float("inf") if line.latest is None else -line.latest, line.name)


def columns_of(panel: PanelDocument, lines: Sequence[PlottedSeries]) -> list[str]:
    """The labels that the legends name, in their order; where none does, those that are not the same in every row."""
    named = [label for query in panel.queries for label in _LABEL.findall(query.legend)]
    if named:
        return list(dict.fromkeys(named))
    labels = dict.fromkeys(label for line in lines for label in sorted(line.labels))
    return [label for label in labels if len({line.labels.get(label, "") for line in lines}) > 1] or list(labels)


def _is_about_labels(panel: PanelDocument, lines: Sequence[PlottedSeries]) -> bool:
    """Whether the values say nothing: such metrics are 1 and tell a version or a setting in their labels."""
    return panel.unit in ("none", "short") and not panel.states and all(line.latest == 1 for line in lines)


def _heading(panel: PanelDocument, place: int) -> str:
    """`Value`; among several, the words of the legend without its labels."""
    if len(panel.queries) == 1:
        return "Value"
    return _LABEL.sub("", panel.queries[place].legend).strip(" ,:·-") or f"Value {place + 1}"


def _row(panel: PanelDocument, key: Sequence[str], values: Sequence[PlottedSeries | None]) -> Component:
    cells = [html.Td(_cell(panel, line), className="value") for line in values]
    return html.Tr([*(html.Td(text or fmt.MISSING) for text in key), *cells])


def _cell(panel: PanelDocument, line: PlottedSeries | None) -> Component | str:
    value = line.latest if line else None
    tone = _CHIPS.get(value_state(panel, value))
    return chip(value_text(panel, value), tone) if tone else value_text(panel, value)

"""The latest value, large: one number, or one for each series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.foundation.contract.panels import PanelDocument
from investiq.serve.web.elements import Children
from investiq.serve.web.panels.queries import PlottedSeries, highest
from investiq.serve.web.units import unit_named

__all__ = ["TONES", "numbers", "tone_of", "value_state", "value_text"]

MOST_NUMBERS = 12

TONES: Mapping[str, str] = {"good": "tone-good", "warning": "tone-warn", "bad": "tone-bad", "neutral": ""}
_SEVERITIES: Mapping[str, str] = {"critical": "bad", "warning": "warning"}


def numbers(panel: PanelDocument, lines: Sequence[PlottedSeries]) -> Children:
    """Each value with its unit or in words, in the colour of how good it is."""
    shown = highest(lines, MOST_NUMBERS)
    items = [_number(panel, line, alone=len(shown) == 1) for line in shown]
    many = len(lines) > len(shown)
    note = f"top {len(shown)} of {len(lines)}" if many else None
    return [
        html.Dl(items, className="numbers" if len(shown) > 1 else "numbers numbers-one"),
        html.P(note, className="muted small") if note else None,
    ]


def _number(panel: PanelDocument, line: PlottedSeries, *, alone: bool) -> Component:
    value = html.Dd(
        [html.I(className=f"light light-{value_state(panel, line.latest)}"), value_text(panel, line.latest)],
        className=f"number {tone_of(panel, line.latest)}",
    )
    name = "" if alone else line.name  # the title of the panel says what it is
    return html.Div([html.Dt(name, title=name) if name else None, value, _passed(panel, line.latest)])


def _passed(panel: PanelDocument, value: float | None) -> Component | None:
    passed = [] if value is None else [limit.alert for limit in panel.thresholds if limit.passed(value)]
    if not passed:
        return None
    return html.Dd(f"past the threshold of {', '.join(passed)}", className=f"small {tone_of(panel, value)}")


def value_text(panel: PanelDocument, value: float | None) -> str:
    """The value in the words of its state, or with its unit."""
    if value is None:
        return fmt.MISSING
    state = panel.state_of(value)
    return state.text if state else unit_named(panel.unit).written(value)


def value_state(panel: PanelDocument, value: float | None) -> str:
    """How good a value is: `good`, `warning`, `bad` or `neutral`; by its state, else by the thresholds of alerts."""
    if value is None:
        return "neutral"
    state = panel.state_of(value)
    if state:
        return state.state
    passed = {_SEVERITIES.get(limit.severity, "neutral") for limit in panel.thresholds if limit.passed(value)}
    return next((tone for tone in ("bad", "warning") if tone in passed), "neutral")


def tone_of(panel: PanelDocument, value: float | None) -> str:
    """The CSS class of how good a value is."""
    return TONES[value_state(panel, value)]

"""The panels as a document for the console, which sees the monitoring over HTTP and files only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from investiq.monitoring.alert import Alert
from investiq.monitoring.dashboards.panel import EVERYTHING, RATE_INTERVAL, Dashboard, Event, Panel
from investiq.monitoring.routing.silencing import unsilenceable_reasons

__all__ = ["SCHEMA", "panels_document"]

SCHEMA = "investiq.panels/1"


def panels_document(
    dashboards: Sequence[Dashboard], events: Sequence[Event] = (), alerts: Sequence[Alert] = ()
) -> dict[str, Any]:
    """The dashboards with their rows and panels, and what may be silenced, ready for JSON.

    `variables` are to be replaced in each expression, and `rate_interval` by a window that fits the picture.
    """
    return {
        "schema": SCHEMA,
        "variables": dict(EVERYTHING),
        "rate_interval": RATE_INTERVAL,
        "dashboards": [_dashboard(dashboard) for dashboard in dashboards],
        "events": [_event(event) for event in events],
        "alerts": _alerts(alerts),
    }


def _dashboard(dashboard: Dashboard) -> dict[str, Any]:
    return {
        "name": dashboard.name,
        "title": dashboard.title,
        "description": dashboard.description,
        "rows": [{"title": row.title, "panels": [_panel(panel) for panel in row.panels]} for row in dashboard.rows],
    }


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "title": panel.title,
        "description": panel.description,
        "unit": panel.unit.value,
        "view": panel.view.value,
        "width": panel.width,
        "minimum": panel.minimum,
        "maximum": panel.maximum,
        "queries": [{"expr": query.expr, "legend": query.legend} for query in panel.queries],
        "thresholds": [_threshold(alert) for alert in panel.alerts if alert.threshold is not None],
        "states": [
            {"value": value, "text": text, "state": state.value} for value, (text, state) in panel.states.items()
        ],
        "emptiness": panel.emptiness,
    }


def _alerts(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """Each name once: an alert that wakes somebody for one service and warns for others has two rules, one silence."""
    named: dict[str, list[Alert]] = {}
    for alert in alerts:
        named.setdefault(alert.name, []).append(alert)
    return [
        {
            "name": name,
            "subject": named[name][0].subject.value,
            "descriptions": _descriptions(named[name]),
            "unsilenceable": why,
        }
        for name, why in unsilenceable_reasons(alerts).items()
    ]


def _descriptions(rules: Sequence[Alert]) -> list[str]:
    """What is lost; where the rules of a name tell different losses, each begins with how bad it is."""
    lost = {rule.description: rule.severity.value.capitalize() for rule in rules}
    return [f"{severity}: {text}" for text, severity in lost.items()] if len(lost) > 1 else list(lost)


def _threshold(alert: Alert) -> dict[str, Any]:
    return {
        "value": alert.threshold,
        "op": alert.op,
        "severity": alert.severity.value,
        "alert": alert.name,
        "subject": alert.subject.value,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "title": event.title,
        "expr": event.expr,
        "text": event.text,
        "state": event.state.value,
        "moment": event.moment,
    }

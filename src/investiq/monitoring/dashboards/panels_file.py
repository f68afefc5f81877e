"""The panels as a document for the console, which sees the monitoring over HTTP and files only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from investiq.foundation.contract.panels import (
    EVERYTHING,
    RATE_INTERVAL,
    AlertDocument,
    DashboardDocument,
    EventDocument,
    PanelDocument,
    PanelsDocument,
    QueryDocument,
    RowDocument,
    StateDocument,
    ThresholdDocument,
)
from investiq.monitoring.alert import Alert
from investiq.monitoring.dashboards.panel import Dashboard, Event, Panel
from investiq.monitoring.routing.silencing import unsilenceable_reasons

__all__ = ["panels_document"]


def panels_document(
    dashboards: Sequence[Dashboard], events: Sequence[Event] = (), alerts: Sequence[Alert] = ()
) -> PanelsDocument:
    """The dashboards with their rows and panels, and what may be silenced.

    `variables` are to be replaced in each expression, and `rate_interval` by a window that fits the picture.
    """
    return PanelsDocument(
        variables=EVERYTHING,
        rate_interval=RATE_INTERVAL,
        dashboards=tuple(_dashboard(dashboard) for dashboard in dashboards),
        events=tuple(_event(event) for event in events),
        alerts=tuple(_alerts(alerts)),
    )


def _dashboard(dashboard: Dashboard) -> DashboardDocument:
    return DashboardDocument(
        name=dashboard.name,
        title=dashboard.title,
        description=dashboard.description,
        rows=tuple(
            RowDocument(title=row.title, panels=tuple(_panel(panel) for panel in row.panels)) for row in dashboard.rows
        ),
    )


def _panel(panel: Panel) -> PanelDocument:
    return PanelDocument(
        title=panel.title,
        description=panel.description,
        unit=panel.unit.value,
        view=panel.view,
        width=panel.width,
        minimum=panel.minimum,
        maximum=panel.maximum,
        queries=tuple(QueryDocument(expr=query.expr, legend=query.legend) for query in panel.queries),
        thresholds=tuple(_thresholds(panel.alerts)),
        states=tuple(
            StateDocument(value=value, text=text, state=state) for value, (text, state) in panel.states.items()
        ),
        emptiness=panel.emptiness,
        empty_is_good=panel.empty_is_good,
    )


def _alerts(alerts: Sequence[Alert]) -> Iterator[AlertDocument]:
    """Each name once: an alert that wakes somebody for one service and warns for others has two rules, one silence."""
    named: dict[str, list[Alert]] = {}
    for alert in alerts:
        named.setdefault(alert.name, []).append(alert)
    for name, why in unsilenceable_reasons(alerts).items():
        subject = named[name][0].subject.value
        descriptions = tuple(_descriptions(named[name]))
        yield AlertDocument(name=name, subject=subject, descriptions=descriptions, unsilenceable=why)


def _descriptions(rules: Sequence[Alert]) -> list[str]:
    """What is lost; where the rules of a name tell different losses, each begins with how bad it is."""
    lost = {rule.description: rule.severity.value.capitalize() for rule in rules}
    return [f"{severity}: {text}" for text, severity in lost.items()] if len(lost) > 1 else list(lost)


def _thresholds(alerts: Sequence[Alert]) -> Iterator[ThresholdDocument]:
    for alert in alerts:
        if alert.threshold is not None and alert.op is not None:
            yield ThresholdDocument(
                value=alert.threshold,
                op=alert.op,
                severity=alert.severity.value,
                alert=alert.name,
                subject=alert.subject.value,
            )


def _event(event: Event) -> EventDocument:
    return EventDocument(title=event.title, expr=event.expr, text=event.text, state=event.state, moment=event.moment)

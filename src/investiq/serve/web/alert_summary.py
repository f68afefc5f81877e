"""All alerts in two lines: the worst that fires, and what of them reaches nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import dcc, html
from dash.development.base_component import Component

from investiq.clients.alertmanager.alerts import FiringAlert
from investiq.foundation import figures as fmt
from investiq.serve.web.elements import Children, chip
from investiq.serve.web.reading import SourceUnavailable

__all__ = ["AlertSummary", "alert_count", "summarise"]


@dataclass(frozen=True, slots=True)
class AlertSummary:
    """What the header says: green only where Alertmanager has no alert at all."""

    label: str
    value: Children
    note: str


def summarise(alerts: Sequence[FiringAlert] | SourceUnavailable) -> AlertSummary:
    """The worst alert. One that is silenced or inhibited is no good news: it fires, and nobody hears of it."""
    if isinstance(alerts, SourceUnavailable):
        silent = "Alertmanager does not answer: no pages"
        why = "no heartbeat from Prometheus: no alert can fire" if alerts.unfed else silent
        return AlertSummary("Alerts", chip("Unknown", "bad"), why)
    if not alerts:
        return AlertSummary("Alerts", chip("None firing", "good"), "No alerts in Alertmanager")
    worst = alerts[0]  # what is muted comes after all that is not
    link = dcc.Link(worst.name, href="/operations", className="alert-link")
    return AlertSummary(
        "Worst alert", html.Span([link, _chip(worst)], className="alert-worst"), _note(worst, alerts[1:])
    )


def alert_count(alerts: Sequence[FiringAlert]) -> Children:
    """How many fire, for the head of their list."""
    active = sum(alert.state == "active" for alert in alerts)
    if active:
        return chip(str(active), "bad")
    return chip(f"{len(alerts)} muted", "warn") if alerts else chip("none", "good")


def _chip(alert: FiringAlert) -> Component:
    if alert.state != "active":
        return chip(alert.state, "warn")
    return chip(alert.severity or "no severity", "bad" if alert.severity == "critical" else "warn")


def _note(worst: FiringAlert, others: Sequence[FiringAlert]) -> str:
    muted = sum(alert.state != "active" for alert in others)
    more = f", and {len(others) - muted} more" if len(others) > muted else ""
    also = f", {muted}{' more' if worst.state != 'active' else ''} muted" if muted else ""
    return f"{_since(worst)}{more}{also}"


def _since(alert: FiringAlert) -> str:
    if alert.state == "active":
        return f"since {fmt.clock_time(alert.since)}"
    muted = "muted by another alert"
    if alert.state == "silenced":
        ends = [silence.ends_at for silence in alert.silences]
        muted = f"silenced until {fmt.clock_time(max(ends, default=None))}"
    return f"{alert.severity or 'no severity'}, {muted}"

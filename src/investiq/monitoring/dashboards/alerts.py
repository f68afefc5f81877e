"""The alerts: what fires, since when, and what people were told."""

from __future__ import annotations

from dataclasses import replace

from investiq.foundation.contract.panels import PanelState, PanelUnit, PanelView
from investiq.foundation.vocabulary import AlertStatus, Severity
from investiq.monitoring.dashboards.monitoring import NOTIFICATIONS, RECEIVED, SILENCES
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.exporters.scrape import ALERTS, ALERTS_SINCE, UP
from investiq.monitoring.selectors import series
from investiq.promql.matcher import eq, ne

__all__ = ["DASHBOARD", "FIRING_NOW"]

_OF_PEOPLE = ne("severity", Severity.NONE)
_FIRING = series(ALERTS, eq("alertstate", AlertStatus.FIRING), _OF_PEOPLE)
_PENDING = series(ALERTS, eq("alertstate", "pending"), _OF_PEOPLE)
_NOTHING = "no firing alerts"


def _count(selector: str, label: str) -> str:
    return f"count by ({label}) ({selector})"


FIRING_NOW = Panel(
    title="Firing alerts",
    description="Firing alerts, without the heartbeat. Each has a runbook entry.",
    unit=PanelUnit.COUNT,
    view=PanelView.NUMBER,
    queries=(Query(f"count({_FIRING}) or vector(0)", "firing"),),
    width=4,
)

_PENDING_NOW = Panel(
    title="Pending alerts",
    description="Alerts whose condition is true but has not yet lasted for its `for` time.",
    unit=PanelUnit.COUNT,
    view=PanelView.NUMBER,
    queries=(Query(f"count({_PENDING}) or vector(0)", "pending"),),
    width=12,
)

_SINCE = Panel(
    title="Active since",
    description=(
        "Firing alerts, and when their condition became true; an alert fires after its `for` time. Its runbook "
        "(/runbooks in the console) says what it means, what is lost, and what to run first."
    ),
    unit=PanelUnit.MOMENT,
    view=PanelView.TABLE,
    queries=(
        Query(
            f"{series(ALERTS_SINCE, _OF_PEOPLE)} * 1000 and ignoring (alertstate) {_FIRING}",
            "{{alertname}} {{severity}} {{service}}",
        ),
    ),
    emptiness=_NOTHING,
    empty_is_good=True,
    minimum=None,
    width=24,
)

_HISTORY = Panel(
    title="History",
    description="When each alert was firing. Many short bars: the alert, or the fault, is flapping.",
    unit=PanelUnit.STATE,
    view=PanelView.STATES,
    queries=(Query(f"max by (alertname, service) ({_FIRING})", "{{alertname}} {{service}}"),),
    states={1: ("firing", PanelState.BAD)},
    emptiness=_NOTHING,
    empty_is_good=True,
    width=24,
)

_BY_SUBJECT = Panel(
    title="Firing by subject",
    description="Firing alerts by subject. Several subjects at once usually have one cause: the host, or the API.",
    unit=PanelUnit.COUNT,
    queries=(Query(_count(_FIRING, "subject"), "{{subject}}"),),
    emptiness=_NOTHING,
    empty_is_good=True,
)

_BY_SEVERITY = Panel(
    title="Firing by severity",
    description="Firing alerts by severity. Critical pages at once, warnings wait until morning.",
    unit=PanelUnit.COUNT,
    queries=(Query(_count(_FIRING, "severity"), "{{severity}}"),),
    emptiness=_NOTHING,
    empty_is_good=True,
)

DASHBOARD = Dashboard(
    name="alerts",
    title="InvestIQ Alerts",
    description="Firing alerts, how long they have been active, and notifications sent.",
    targets=UP,
    rows=(
        Row("Now", (replace(FIRING_NOW, width=12), _PENDING_NOW, _SINCE)),
        Row("History", (_HISTORY, _BY_SUBJECT, _BY_SEVERITY)),
        Row("Notifications", (NOTIFICATIONS, RECEIVED, replace(SILENCES, width=24))),
    ),
)

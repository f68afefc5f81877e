"""What is marked in every picture: halts, starts, silences and firing alerts explain most of what changes in one."""

from __future__ import annotations

from investiq.foundation.contract.panels import PanelState
from investiq.foundation.telemetry.catalogue import TRADING_HALTED
from investiq.foundation.vocabulary import AlertStatus, Part, Severity
from investiq.monitoring.dashboards.panel import Event
from investiq.monitoring.exporters.alertmanager import SILENCES
from investiq.monitoring.exporters.process import START_TIME
from investiq.monitoring.exporters.scrape import ALERTS
from investiq.monitoring.selectors import series
from investiq.promql.matcher import eq

__all__ = ["EVENTS"]

_OURS = eq("job", *(part.value for part in Part))
_FIRING = eq("alertstate", AlertStatus.FIRING)

EVENTS = (
    Event(
        title="Halts",
        expr=f"{series(TRADING_HALTED)} == 1",
        text="trading is halted",
        state=PanelState.BAD,
    ),
    Event(
        title="Deployments and restarts",
        expr=f"{series(START_TIME, _OURS)} * 1000",
        text="{{job}} was started",
        state=PanelState.NEUTRAL,
        moment=True,
    ),
    Event(
        title="Silences",
        expr=f"{series(SILENCES, eq('state', 'active'))} > 0",
        text="a silence is active, as in a deployment window",
        state=PanelState.NEUTRAL,
    ),
    Event(
        title="Critical alerts",
        expr=series(ALERTS, _FIRING, eq("severity", Severity.CRITICAL.value)),
        text="{{alertname}} {{severity}} {{service}}",
        state=PanelState.BAD,
    ),
    Event(
        title="Warnings",
        expr=series(ALERTS, _FIRING, eq("severity", Severity.WARNING.value)),
        text="{{alertname}} {{severity}} {{service}}",
        state=PanelState.WARNING,
    ),
)

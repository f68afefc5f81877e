"""The alerts, one module per subject, each exposing `ALERTS`."""

from __future__ import annotations

from investiq.monitoring.alert import Alert
from investiq.monitoring.rules import analysis, api, market, monitoring, signals, trading
from investiq.telemetry.catalogue import Subject

__all__ = ["ALERTS", "BY_SUBJECT"]

BY_SUBJECT: dict[Subject, tuple[Alert, ...]] = {
    Subject.API: api.ALERTS,
    Subject.MARKET: market.ALERTS,
    Subject.ANALYSIS: analysis.ALERTS,
    Subject.TRADING: trading.ALERTS,
    Subject.SIGNALS: signals.ALERTS,
    Subject.MONITORING: monitoring.ALERTS,
}
"""The alerts of each subject that has any; the subject names the rule file, the runbook and the promtool tests."""

ALERTS: tuple[Alert, ...] = tuple(alert for alerts in BY_SUBJECT.values() for alert in alerts)

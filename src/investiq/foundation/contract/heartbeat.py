"""What the rule, Alertmanager's route, the API and the inbox agree on about the heartbeat of the monitoring."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from investiq.foundation.contract.webhook import WebhookAlert
from investiq.foundation.vocabulary import PROMETHEUS_JOB, AlertStatus, Severity, Subject

__all__ = [
    "EVALUATED_AT",
    "FUTURE_SECONDS",
    "HEARTBEAT_PATH",
    "LOST_NAME",
    "LOST_SUMMARY",
    "WATCHDOG_LABELS",
    "WATCHDOG_NAME",
    "evaluations",
]

WATCHDOG_NAME = "Watchdog"
"""The alert that always fires."""

WATCHDOG_LABELS: Mapping[str, str] = {
    "alertname": WATCHDOG_NAME,
    "severity": Severity.NONE.value,
    "subject": Subject.MONITORING.value,
    "service": PROMETHEUS_JOB,
}
"""All its labels. What has others, or more, is somebody else's alert and no heartbeat."""

EVALUATED_AT = "evaluated_at"
"""Its annotation: when Prometheus evaluated it, in Unix seconds."""

FUTURE_SECONDS = 5.0
"""A heartbeat from later than so far ahead counts as none: it would hide the loss of those that follow."""

HEARTBEAT_PATH = "/internal/heartbeat"
"""Where the API takes it."""

LOST_NAME = "MonitoringHeartbeatLost"
"""The alert of its absence, and so its runbook: the API's own notice of the same fault bears the same name."""

LOST_SUMMARY = "no heartbeat from the monitoring has reached the API"


def evaluations(alerts: Iterable[WebhookAlert]) -> list[float]:
    """When each heartbeat among `alerts` was evaluated, in Unix seconds; what is no heartbeat is left out."""
    beating = (alert for alert in alerts if alert.status is AlertStatus.FIRING and alert.labels == WATCHDOG_LABELS)
    found = (_number(alert.annotations.get(EVALUATED_AT, "")) for alert in beating)
    return [moment for moment in found if moment is not None]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None

"""What Alertmanager tells about itself."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import STATE, Kind
from investiq.foundation.topology import ALERTMANAGER
from investiq.monitoring.exporters.external_metric import ExternalMetric

__all__ = [
    "ALERTS_HELD",
    "CONFIG_RELOADED",
    "METRICS",
    "NOTIFICATIONS",
    "NOTIFICATIONS_FAILED",
    "REQUESTS",
    "REQUESTS_FAILED",
    "SILENCES",
]

_OWN = (ALERTMANAGER.job,)

CONFIG_RELOADED = ExternalMetric("alertmanager_config_last_reload_successful", Kind.GAUGE, _OWN, bounds=STATE)
NOTIFICATIONS = ExternalMetric("alertmanager_notifications_total", Kind.COUNTER, _OWN, ("integration",))
"""Attempts to notify, those that failed included."""
NOTIFICATIONS_FAILED = ExternalMetric("alertmanager_notifications_failed_total", Kind.COUNTER, _OWN, ("integration",))
"""Newer versions split it by `reason`: sum it."""
REQUESTS = ExternalMetric("alertmanager_notification_requests_total", Kind.COUNTER, _OWN, ("integration",))
"""Each try that has ended, well or not; a notification that is still being tried is among NOTIFICATIONS already."""
REQUESTS_FAILED = ExternalMetric(
    "alertmanager_notification_requests_failed_total", Kind.COUNTER, _OWN, ("integration",)
)
ALERTS_HELD = ExternalMetric("alertmanager_alerts", Kind.GAUGE, _OWN, ("state",))
"""Alerts that it holds: those that it notifies of (active), and those that are silenced or inhibited (suppressed)."""
SILENCES = ExternalMetric("alertmanager_silences", Kind.GAUGE, _OWN, ("state",))

METRICS = (
    CONFIG_RELOADED,
    NOTIFICATIONS,
    NOTIFICATIONS_FAILED,
    REQUESTS,
    REQUESTS_FAILED,
    ALERTS_HELD,
    SILENCES,
)

"""What the rule, Alertmanager's route, the API and the inbox agree on about the heartbeat of the monitoring."""

from __future__ import annotations

__all__ = ["EVALUATED_AT", "HEARTBEAT_PATH", "LOST_NAME", "LOST_SUMMARY", "WATCHDOG_NAME"]

WATCHDOG_NAME = "Watchdog"
"""The alert that always fires."""

EVALUATED_AT = "evaluated_at"
"""Its annotation: when Prometheus evaluated it, in Unix seconds."""

HEARTBEAT_PATH = "/internal/heartbeat"
"""Where the API takes it."""

LOST_NAME = "MonitoringHeartbeatLost"
"""The alert of its absence, and so its runbook: the API's own notice of the same fault bears the same name."""

LOST_SUMMARY = "the API does not hear the monitoring"

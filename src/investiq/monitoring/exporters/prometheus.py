"""What Prometheus tells about itself."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import STATE, Kind
from investiq.foundation.topology import PROMETHEUS
from investiq.monitoring.exporters.external_metric import ExternalMetric

__all__ = [
    "ALERTMANAGERS",
    "BLOCK_BYTES",
    "BLOCK_RELOAD_FAILURES",
    "COMPACTION_FAILURES",
    "CONFIG_RELOADED",
    "METRICS",
    "NOTIFICATIONS_DROPPED",
    "NOTIFICATIONS_SENT",
    "NOTIFICATION_ERRORS",
    "RULE_FAILURES",
    "RULE_GROUP_DURATION",
    "RULE_GROUP_MISSED",
    "SAMPLES_APPENDED",
    "SERIES",
    "WAL_WRITE_FAILURES",
]

_OWN = (PROMETHEUS.job,)

CONFIG_RELOADED = ExternalMetric("prometheus_config_last_reload_successful", Kind.GAUGE, _OWN, bounds=STATE)
RULE_FAILURES = ExternalMetric("prometheus_rule_evaluation_failures_total", Kind.COUNTER, _OWN, ("rule_group",))
SAMPLES_APPENDED = ExternalMetric("prometheus_tsdb_head_samples_appended_total", Kind.COUNTER, _OWN, ("type",))
ALERTMANAGERS = ExternalMetric("prometheus_notifications_alertmanagers_discovered", Kind.GAUGE, _OWN)
NOTIFICATION_ERRORS = ExternalMetric("prometheus_notifications_errors_total", Kind.COUNTER, _OWN, ("alertmanager",))
COMPACTION_FAILURES = ExternalMetric("prometheus_tsdb_compactions_failed_total", Kind.COUNTER, _OWN)
BLOCK_RELOAD_FAILURES = ExternalMetric("prometheus_tsdb_reloads_failures_total", Kind.COUNTER, _OWN)
WAL_WRITE_FAILURES = ExternalMetric("prometheus_tsdb_wal_writes_failed_total", Kind.COUNTER, _OWN)
NOTIFICATIONS_SENT = ExternalMetric("prometheus_notifications_sent_total", Kind.COUNTER, _OWN, ("alertmanager",))
NOTIFICATIONS_DROPPED = ExternalMetric("prometheus_notifications_dropped_total", Kind.COUNTER, _OWN)
RULE_GROUP_DURATION = ExternalMetric("prometheus_rule_group_last_duration_seconds", Kind.GAUGE, _OWN, ("rule_group",))
RULE_GROUP_MISSED = ExternalMetric("prometheus_rule_group_iterations_missed_total", Kind.COUNTER, _OWN, ("rule_group",))
SERIES = ExternalMetric("prometheus_tsdb_head_series", Kind.GAUGE, _OWN)
BLOCK_BYTES = ExternalMetric("prometheus_tsdb_storage_blocks_bytes", Kind.GAUGE, _OWN)

METRICS = (
    CONFIG_RELOADED,
    RULE_FAILURES,
    SAMPLES_APPENDED,
    ALERTMANAGERS,
    NOTIFICATION_ERRORS,
    COMPACTION_FAILURES,
    BLOCK_RELOAD_FAILURES,
    WAL_WRITE_FAILURES,
    NOTIFICATIONS_SENT,
    NOTIFICATIONS_DROPPED,
    RULE_GROUP_DURATION,
    RULE_GROUP_MISSED,
    SERIES,
    BLOCK_BYTES,
)

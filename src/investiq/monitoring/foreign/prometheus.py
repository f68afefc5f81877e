"""What Prometheus tells about itself."""

from __future__ import annotations

from investiq.monitoring.foreign.metric import Foreign
from investiq.monitoring.names import PROMETHEUS
from investiq.telemetry.catalogue import Kind

__all__ = [
    "ALERTMANAGERS",
    "BLOCK_RELOAD_FAILURES",
    "COMPACTION_FAILURES",
    "CONFIG_RELOADED",
    "METRICS",
    "NOTIFICATION_ERRORS",
    "RULE_FAILURES",
    "SAMPLES_APPENDED",
    "WAL_WRITE_FAILURES",
]

_OWN = (PROMETHEUS,)

CONFIG_RELOADED = Foreign("prometheus_config_last_reload_successful", Kind.GAUGE, _OWN)
RULE_FAILURES = Foreign("prometheus_rule_evaluation_failures_total", Kind.COUNTER, _OWN, ("rule_group",))
SAMPLES_APPENDED = Foreign("prometheus_tsdb_head_samples_appended_total", Kind.COUNTER, _OWN, ("type",))
ALERTMANAGERS = Foreign("prometheus_notifications_alertmanagers_discovered", Kind.GAUGE, _OWN)
NOTIFICATION_ERRORS = Foreign("prometheus_notifications_errors_total", Kind.COUNTER, _OWN, ("alertmanager",))
COMPACTION_FAILURES = Foreign("prometheus_tsdb_compactions_failed_total", Kind.COUNTER, _OWN)
BLOCK_RELOAD_FAILURES = Foreign("prometheus_tsdb_reloads_failures_total", Kind.COUNTER, _OWN)
WAL_WRITE_FAILURES = Foreign("prometheus_tsdb_wal_writes_failed_total", Kind.COUNTER, _OWN)

METRICS = (
    CONFIG_RELOADED,
    RULE_FAILURES,
    SAMPLES_APPENDED,
    ALERTMANAGERS,
    NOTIFICATION_ERRORS,
    COMPACTION_FAILURES,
    BLOCK_RELOAD_FAILURES,
    WAL_WRITE_FAILURES,
)

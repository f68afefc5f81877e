"""What every program with a Prometheus client library tells about its process, ours included."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import Kind
from investiq.foundation.topology import ALERTMANAGER, BLACKBOX, NODE, PROMETHEUS
from investiq.foundation.vocabulary import Part
from investiq.monitoring.exporters.external_metric import ExternalMetric

__all__ = ["CPU_SECONDS", "MAX_FILES", "METRICS", "OPEN_FILES", "RESIDENT_MEMORY", "START_TIME"]

_EMITTERS = (*(part.value for part in Part), PROMETHEUS.job, ALERTMANAGER.job, BLACKBOX.job, NODE.job)

OPEN_FILES = ExternalMetric("process_open_fds", Kind.GAUGE, _EMITTERS)
MAX_FILES = ExternalMetric("process_max_fds", Kind.GAUGE, _EMITTERS)
CPU_SECONDS = ExternalMetric("process_cpu_seconds_total", Kind.COUNTER, _EMITTERS)
RESIDENT_MEMORY = ExternalMetric("process_resident_memory_bytes", Kind.GAUGE, _EMITTERS)
START_TIME = ExternalMetric("process_start_time_seconds", Kind.GAUGE, _EMITTERS)

METRICS = (OPEN_FILES, MAX_FILES, CPU_SECONDS, RESIDENT_MEMORY, START_TIME)

"""What every program with a Prometheus client library tells about its process, ours included."""

from __future__ import annotations

from investiq.monitoring.foreign.metric import Foreign
from investiq.monitoring.names import ALERTMANAGER, BLACKBOX, NODE, PROMETHEUS
from investiq.telemetry.catalogue import Kind, Part

__all__ = ["MAX_FILES", "METRICS", "OPEN_FILES"]

_EMITTERS = (*(part.value for part in Part), PROMETHEUS, ALERTMANAGER, BLACKBOX, NODE)

OPEN_FILES = Foreign("process_open_fds", Kind.GAUGE, _EMITTERS)
MAX_FILES = Foreign("process_max_fds", Kind.GAUGE, _EMITTERS)

METRICS = (OPEN_FILES, MAX_FILES)

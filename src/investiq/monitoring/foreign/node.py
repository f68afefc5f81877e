"""What the node exporter tells about the host."""

from __future__ import annotations

from investiq.monitoring.foreign.metric import Foreign
from investiq.monitoring.names import NODE
from investiq.telemetry.catalogue import Kind

__all__ = [
    "CLOCK_OFFSET",
    "FILESYSTEM_AVAILABLE",
    "FILESYSTEM_SIZE",
    "MEMORY_AVAILABLE",
    "MEMORY_TOTAL",
    "METRICS",
    "OOM_KILLS",
    "TIME",
]

_OWN = (NODE,)
_MOUNT = ("device", "fstype", "mountpoint")

MEMORY_AVAILABLE = Foreign("node_memory_MemAvailable_bytes", Kind.GAUGE, _OWN)
MEMORY_TOTAL = Foreign("node_memory_MemTotal_bytes", Kind.GAUGE, _OWN)
FILESYSTEM_AVAILABLE = Foreign("node_filesystem_avail_bytes", Kind.GAUGE, _OWN, _MOUNT)
FILESYSTEM_SIZE = Foreign("node_filesystem_size_bytes", Kind.GAUGE, _OWN, _MOUNT)
TIME = Foreign("node_time_seconds", Kind.GAUGE, _OWN)
"""The host's clock when it was scraped."""
CLOCK_OFFSET = Foreign("node_timex_offset_seconds", Kind.GAUGE, _OWN)
"""How far the kernel's time discipline says the clock is off; 0 where nothing disciplines it."""
OOM_KILLS = Foreign("node_vmstat_oom_kill", Kind.COUNTER, _OWN)
"""Processes killed for want of memory since the boot; the exporter calls it untyped."""

METRICS = (
    MEMORY_AVAILABLE,
    MEMORY_TOTAL,
    FILESYSTEM_AVAILABLE,
    FILESYSTEM_SIZE,
    TIME,
    CLOCK_OFFSET,
    OOM_KILLS,
)

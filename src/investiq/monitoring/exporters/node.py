"""What the node exporter tells about the host."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import STATE, Kind
from investiq.foundation.topology import NODE
from investiq.monitoring.exporters.external_metric import ExternalMetric

__all__ = [
    "CLOCK_OFFSET",
    "CPU_SECONDS",
    "DISK_BUSY",
    "DISK_QUEUE",
    "DISK_READ",
    "DISK_WRITTEN",
    "FILESYSTEM_AVAILABLE",
    "FILESYSTEM_ERROR",
    "FILESYSTEM_READONLY",
    "FILESYSTEM_SIZE",
    "LOAD",
    "MAJOR_FAULTS",
    "MEMORY_AVAILABLE",
    "MEMORY_TOTAL",
    "METRICS",
    "OOM_KILLS",
    "PAGES_SWAPPED_IN",
    "PAGES_SWAPPED_OUT",
    "PRESSURE_CPU",
    "PRESSURE_MEMORY",
    "RECEIVED",
    "RECEIVE_DROPS",
    "RECEIVE_ERRORS",
    "RETRANSMITTED",
    "SEGMENTS_SENT",
    "SEND_DROPS",
    "SEND_ERRORS",
    "SENT",
    "TIME",
]

_OWN = (NODE.job,)
_MOUNT = ("device", "fstype", "mountpoint")

MEMORY_AVAILABLE = ExternalMetric("node_memory_MemAvailable_bytes", Kind.GAUGE, _OWN)
MEMORY_TOTAL = ExternalMetric("node_memory_MemTotal_bytes", Kind.GAUGE, _OWN)
FILESYSTEM_AVAILABLE = ExternalMetric("node_filesystem_avail_bytes", Kind.GAUGE, _OWN, _MOUNT)
FILESYSTEM_SIZE = ExternalMetric("node_filesystem_size_bytes", Kind.GAUGE, _OWN, _MOUNT)
TIME = ExternalMetric("node_time_seconds", Kind.GAUGE, _OWN)
"""The host's clock when it was scraped."""
CLOCK_OFFSET = ExternalMetric("node_timex_offset_seconds", Kind.GAUGE, _OWN)
"""How far the kernel's time discipline says the clock is off; 0 where nothing disciplines it."""
OOM_KILLS = ExternalMetric("node_vmstat_oom_kill", Kind.COUNTER, _OWN)
"""Processes killed for want of memory since the boot; the exporter calls it untyped."""
CPU_SECONDS = ExternalMetric("node_cpu_seconds_total", Kind.COUNTER, _OWN, ("cpu", "mode"))
LOAD = ExternalMetric("node_load1", Kind.GAUGE, _OWN)
PRESSURE_CPU = ExternalMetric("node_pressure_cpu_waiting_seconds_total", Kind.COUNTER, _OWN)
PRESSURE_MEMORY = ExternalMetric("node_pressure_memory_waiting_seconds_total", Kind.COUNTER, _OWN)
PAGES_SWAPPED_IN = ExternalMetric("node_vmstat_pswpin", Kind.COUNTER, _OWN)
PAGES_SWAPPED_OUT = ExternalMetric("node_vmstat_pswpout", Kind.COUNTER, _OWN)
MAJOR_FAULTS = ExternalMetric("node_vmstat_pgmajfault", Kind.COUNTER, _OWN)
DISK_BUSY = ExternalMetric("node_disk_io_time_seconds_total", Kind.COUNTER, _OWN, ("device",))
DISK_QUEUE = ExternalMetric("node_disk_io_time_weighted_seconds_total", Kind.COUNTER, _OWN, ("device",))
DISK_READ = ExternalMetric("node_disk_read_bytes_total", Kind.COUNTER, _OWN, ("device",))
DISK_WRITTEN = ExternalMetric("node_disk_written_bytes_total", Kind.COUNTER, _OWN, ("device",))
FILESYSTEM_ERROR = ExternalMetric("node_filesystem_device_error", Kind.GAUGE, _OWN, _MOUNT, bounds=STATE)
FILESYSTEM_READONLY = ExternalMetric("node_filesystem_readonly", Kind.GAUGE, _OWN, _MOUNT, bounds=STATE)
RECEIVED = ExternalMetric("node_network_receive_bytes_total", Kind.COUNTER, _OWN, ("device",))
SENT = ExternalMetric("node_network_transmit_bytes_total", Kind.COUNTER, _OWN, ("device",))
RECEIVE_DROPS = ExternalMetric("node_network_receive_drop_total", Kind.COUNTER, _OWN, ("device",))
SEND_DROPS = ExternalMetric("node_network_transmit_drop_total", Kind.COUNTER, _OWN, ("device",))
RECEIVE_ERRORS = ExternalMetric("node_network_receive_errs_total", Kind.COUNTER, _OWN, ("device",))
SEND_ERRORS = ExternalMetric("node_network_transmit_errs_total", Kind.COUNTER, _OWN, ("device",))
RETRANSMITTED = ExternalMetric("node_netstat_Tcp_RetransSegs", Kind.COUNTER, _OWN)
SEGMENTS_SENT = ExternalMetric("node_netstat_Tcp_OutSegs", Kind.COUNTER, _OWN)

METRICS = (
    MEMORY_AVAILABLE,
    MEMORY_TOTAL,
    FILESYSTEM_AVAILABLE,
    FILESYSTEM_SIZE,
    TIME,
    CLOCK_OFFSET,
    OOM_KILLS,
    CPU_SECONDS,
    LOAD,
    PRESSURE_CPU,
    PRESSURE_MEMORY,
    PAGES_SWAPPED_IN,
    PAGES_SWAPPED_OUT,
    MAJOR_FAULTS,
    DISK_BUSY,
    DISK_QUEUE,
    DISK_READ,
    DISK_WRITTEN,
    FILESYSTEM_ERROR,
    FILESYSTEM_READONLY,
    RECEIVED,
    SENT,
    RECEIVE_DROPS,
    SEND_DROPS,
    RECEIVE_ERRORS,
    SEND_ERRORS,
    RETRANSMITTED,
    SEGMENTS_SENT,
)

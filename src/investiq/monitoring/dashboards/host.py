"""The host by the USE method (utilisation, saturation, errors: brendangregg.com/usemethod.html), and our processes."""

from __future__ import annotations

from investiq.foundation.contract.panels import RATE_INTERVAL, PanelUnit, PanelView
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import latest, of_alert, per_second, share
from investiq.monitoring.exporters import node, process
from investiq.monitoring.rules.host import (
    DISK_AVAILABLE,
    HOST_CLOCK_SKEW,
    HOST_DISK_FILLS,
    HOST_DISK_LOW,
    HOST_MEMORY_LOW,
    HOST_OOM_KILL,
    PROCESS_FILES_HIGH,
)
from investiq.promql.matcher import eq, matching, ne

__all__ = ["DASHBOARD"]

_BY_HOST = ("instance",)
_BY_DEVICE = ("instance", "device")
_NETWORK = ne("device", "lo")
_IDLE = eq("mode", "idle", "iowait", "steal")
_PRESSURE = "this kernel has no pressure stall information (psi=1)"

_CPU_COUNT = f"count by (instance) (rate({latest(node.CPU_SECONDS, eq('mode', 'idle'))}[{RATE_INTERVAL}]))"

_CPU_USED = Panel(
    title="CPU: utilisation",
    description="Share of all cores that is busy. At 100 % for long, everything waits: see CPU by process.",
    unit=PanelUnit.SHARE,
    queries=(
        Query(
            f"1 - {per_second(node.CPU_SECONDS, _IDLE, by=_BY_HOST)} / {per_second(node.CPU_SECONDS, by=_BY_HOST)}",
            "{{instance}}",
        ),
    ),
    width=8,
    maximum=1,
)

_CPU_LOAD = Panel(
    title="CPU: saturation, load by core",
    description="Running and waiting tasks per core. Above 1 for long, work is queueing; tasks stuck on disk "
    "count too.",
    unit=PanelUnit.COUNT,
    queries=(Query(f"max by (instance) ({latest(node.LOAD)}) / {_CPU_COUNT}", "{{instance}}"),),
    width=8,
)

_CPU_PRESSURE = Panel(
    title="CPU: saturation, waiting",
    description="Share of time in which a task that could run waited for a core. Above a tenth, requests get slower.",
    unit=PanelUnit.SHARE,
    queries=(Query(per_second(node.PRESSURE_CPU, by=_BY_HOST), "{{instance}}"),),
    width=8,
    maximum=1,
    emptiness=_PRESSURE,
)

_MEMORY = Panel(
    title="Memory: available",
    description=(
        "Share of memory available without swapping, as HostMemoryLow measures it. Below the line the kernel "
        "soon kills a process."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(of_alert(HOST_MEMORY_LOW), "{{instance}}"),),
    alerts=(HOST_MEMORY_LOW,),
    width=12,
    maximum=1,
)

_SWAPPING = Panel(
    title="Memory: saturation",
    description=(
        "Pages a second that are swapped in and out, and faults that needed the disk. Steady swapping means that the "
        "memory is too small for what runs."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(
        Query(per_second(node.PAGES_SWAPPED_IN), "swapped in"),
        Query(per_second(node.PAGES_SWAPPED_OUT), "swapped out"),
        Query(per_second(node.MAJOR_FAULTS), "faults that read the disk"),
    ),
    width=12,
)

_OOM = Panel(
    title="Memory: errors",
    description="Processes killed by the OOM killer in fifteen minutes, as HostOomKill measures it.",
    unit=PanelUnit.COUNT,
    queries=(Query(of_alert(HOST_OOM_KILL), "{{instance}}"),),
    alerts=(HOST_OOM_KILL,),
    width=12,
)

_MEMORY_PRESSURE = Panel(
    title="Memory: waiting",
    description="Share of time in which a task waited for memory. Sustained waiting slows every request.",
    unit=PanelUnit.SHARE,
    queries=(Query(per_second(node.PRESSURE_MEMORY, by=_BY_HOST), "{{instance}}"),),
    width=12,
    maximum=1,
    emptiness=_PRESSURE,
)

_DISK_BUSY = Panel(
    title="Disk: utilisation",
    description="Share of time in which each disk was busy. Many disks can take more at 100 %: see saturation.",
    unit=PanelUnit.SHARE,
    queries=(Query(per_second(node.DISK_BUSY, by=_BY_DEVICE), "{{instance}} {{device}}"),),
    width=8,
    maximum=1,
    emptiness="the host's disks cannot be seen from here, as in some containers",
)

_DISK_QUEUE = Panel(
    title="Disk: saturation",
    description="Requests that were under way or waited, on average. Growing, each commit of the ledger waits longer.",
    unit=PanelUnit.COUNT,
    queries=(Query(per_second(node.DISK_QUEUE, by=_BY_DEVICE), "{{instance}} {{device}}"),),
    width=8,
    emptiness="the host's disks cannot be seen from here, as in some containers",
)

_DISK_ERRORS = Panel(
    title="Disk: errors",
    description="File systems that do not answer, or that the kernel remounted read-only after a disk error.",
    unit=PanelUnit.COUNT,
    queries=(
        Query(f"sum by (instance) ({latest(node.FILESYSTEM_ERROR)})", "not answering on {{instance}}"),
        Query(
            f"sum by (instance) ({latest(node.FILESYSTEM_READONLY, matching('fstype', 'ext.|xfs|btrfs|zfs'))}) "
            f"or 0 * sum by (instance) ({latest(node.FILESYSTEM_ERROR)})",
            "read-only on {{instance}}",
        ),
    ),
    width=8,
)

_DISK_BYTES = Panel(
    title="Disk: throughput",
    description="Bytes per second read and written. A spike here explains a busy disk.",
    unit=PanelUnit.BYTES_PER_SECOND,
    queries=(
        Query(per_second(node.DISK_READ), "read"),
        Query(per_second(node.DISK_WRITTEN), "written"),
    ),
    emptiness="the host's disks cannot be seen from here, as in some containers",
)

_DISK_SHARE = Panel(
    title="Disk: share that is free",
    description=(
        "Free share of each disk, as HostDiskLow measures it; it fires only with less than 20 GB as well. A full disk "
        "stops the ledger, Prometheus and the logs."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(of_alert(HOST_DISK_LOW), "{{instance}} {{device}}"),),
    alerts=(HOST_DISK_LOW,),
    maximum=1,
)

_DISK_FREE = Panel(
    title="Disk: bytes that are free",
    description="Free bytes of each disk. A steadily falling line: something is filling the disk; find it "
    "before tonight.",
    unit=PanelUnit.BYTES,
    queries=(Query(latest(DISK_AVAILABLE), "{{instance}} {{device}}"),),
)

_DISK_TOMORROW = Panel(
    title="Disk: bytes that are free in 24 hours",
    description=(
        "Trend of the last three hours, as HostDiskFillsIn24h measures it; needs two hours of data. Below 0, "
        "the disk is full within a day at this rate."
    ),
    unit=PanelUnit.BYTES,
    queries=(Query(of_alert(HOST_DISK_FILLS), "{{instance}} {{device}}"),),
    alerts=(HOST_DISK_FILLS,),
    emptiness="less than two hours of data: no trend yet",
    minimum=None,
)

_TRAFFIC = Panel(
    title="Network: utilisation",
    description="Bytes a second received and sent by each device, without what stays on the machine.",
    unit=PanelUnit.BYTES_PER_SECOND,
    queries=(
        Query(per_second(node.RECEIVED, _NETWORK, by=("device",)), "{{device}} received"),
        Query(per_second(node.SENT, _NETWORK, by=("device",)), "{{device}} sent"),
    ),
    width=12,
)

_DROPS = Panel(
    title="Network: saturation",
    description=("Packets per second dropped because buffers were full. They must be resent, which adds latency."),
    unit=PanelUnit.PER_SECOND,
    queries=(
        Query(per_second(node.RECEIVE_DROPS), "received and dropped"),
        Query(per_second(node.SEND_DROPS), "dropped before sending"),
    ),
    width=12,
)

_SENT_AGAIN = Panel(
    title="Network: retransmissions",
    description=(
        "Share of TCP segments retransmitted. Above 1 %, remote peers see delays: the broker, and notification "
        "receivers."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(share(per_second(node.RETRANSMITTED), per_second(node.SEGMENTS_SENT)), "retransmitted"),),
    width=12,
)

_NETWORK_ERRORS = Panel(
    title="Network: errors",
    description="Packets a second that were damaged, or could not be sent. Never normal: a cable, a port, a driver.",
    unit=PanelUnit.PER_SECOND,
    queries=(
        Query(per_second(node.RECEIVE_ERRORS), "received"),
        Query(per_second(node.SEND_ERRORS), "sent"),
    ),
    width=12,
)

_CLOCK = Panel(
    title="Clock",
    description=(
        "Difference from the clock of Prometheus, as HostClockSkew measures it, and what the time service says. The "
        "age of heartbeats and prices is judged by this clock."
    ),
    unit=PanelUnit.SECONDS,
    queries=(
        Query(of_alert(HOST_CLOCK_SKEW), "{{instance}} from Prometheus"),
        Query(f"abs({latest(node.CLOCK_OFFSET)})", "{{instance}} by its time service"),
    ),
    alerts=(HOST_CLOCK_SKEW,),
    width=24,
)

_PROCESS_CPU = Panel(
    title="CPU by process",
    description="Cores that each process uses. Steady 1: a busy loop, or more work than one core can do.",
    unit=PanelUnit.COUNT,
    queries=(Query(per_second(process.CPU_SECONDS, by=("job",)), "{{job}}"),),
)

_PROCESS_MEMORY = Panel(
    title="Memory by process",
    description="Resident memory. A line that only climbs for days is a leak: restart it before the kernel does.",
    unit=PanelUnit.BYTES,
    queries=(Query(f"sum by (job) ({latest(process.RESIDENT_MEMORY)})", "{{job}}"),),
)

_FILES = Panel(
    title="File descriptors by process",
    description=(
        "Share of the files that a process may open, as ProcessFileDescriptorsHigh measures it. At 100 % it "
        "accepts no more connections."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(of_alert(PROCESS_FILES_HIGH), "{{job}}"),),
    alerts=(PROCESS_FILES_HIGH,),
    maximum=1,
)

_RUNNING = Panel(
    title="Uptime",
    description="Uptime of each process. All short at once: the host or the stack restarted.",
    unit=PanelUnit.SECONDS,
    view=PanelView.TABLE,
    queries=(Query(f"time() - {latest(process.START_TIME)}", "{{job}} {{instance}}"),),
)

DASHBOARD = Dashboard(
    name=Subject.HOST.value,
    title="InvestIQ Host",
    description="Utilisation, saturation and errors of CPU, memory, disks and network; and the processes.",
    subject=Subject.HOST,
    targets=process.START_TIME,
    rows=(
        Row("CPU", (_CPU_USED, _CPU_LOAD, _CPU_PRESSURE)),
        Row("Memory", (_MEMORY, _SWAPPING, _OOM, _MEMORY_PRESSURE)),
        Row("Disks", (_DISK_BUSY, _DISK_QUEUE, _DISK_ERRORS, _DISK_SHARE, _DISK_FREE, _DISK_TOMORROW, _DISK_BYTES)),
        Row("Network", (_TRAFFIC, _DROPS, _NETWORK_ERRORS, _SENT_AGAIN)),
        Row("Clock and processes", (_CLOCK, _PROCESS_CPU, _PROCESS_MEMORY, _FILES, _RUNNING)),
    ),
)

"""Alerts about the host: memory, disks, clock, and file descriptors.

They are meant for a laptop as for a server: shares have a floor in bytes where a large disk or memory would page early.
"""

from __future__ import annotations

from investiq.foundation.topology import NODE
from investiq.foundation.vocabulary import Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.exporters import node, process
from investiq.monitoring.recording import Recording
from investiq.monitoring.selectors import series
from investiq.promql.matcher import eq, ne

__all__ = [
    "ALERTS",
    "DISK_AVAILABLE",
    "DISK_SHARE_AVAILABLE",
    "HOST_CLOCK_SKEW",
    "HOST_DISK_FILLS",
    "HOST_DISK_LOW",
    "HOST_MEMORY_LOW",
    "HOST_OOM_KILL",
    "PROCESS_FILES_HIGH",
    "RECORDINGS",
]

_HOST = eq("job", NODE.job)

# What lives in memory, cannot be written, or is another name of what is counted already; /boot/efi is small and full.
_ON_DISK = ne("fstype", "tmpfs", "ramfs", "squashfs", "overlay", "iso9660", "erofs", "vfat")

_HOUR = 3600
_DAY = 24 * _HOUR

HOST_MEMORY_LOW = Alert(
    name="HostMemoryLow",
    subject=Subject.HOST,
    severity=Severity.WARNING,
    query=f"{series(node.MEMORY_AVAILABLE, _HOST)} / {series(node.MEMORY_TOTAL, _HOST)}",
    op="<",
    threshold=0.05,
    for_seconds=300,
    summary="only {{ $value | humanizePercentage }} of the memory of {{ $labels.instance }} is available",
    description=(
        "Less than 5 % of memory has been available for five minutes. Soon everything slows down, or the kernel "
        "kills a process: the API, the ledger's database, or Prometheus."
    ),
    no_data=NoData.COVERED,
    covered_by="ExporterDown",
)


def _of_disk(inside: str) -> str:
    """Once for each disk, however many times it is mounted."""
    return f"min by (job, instance, device) ({inside})"


_DISK = ("job", "instance", "device")

DISK_AVAILABLE = Recording(
    name="device:node_filesystem_avail_bytes:min",
    subject=Subject.HOST,
    query=_of_disk(series(node.FILESYSTEM_AVAILABLE, _HOST, _ON_DISK)),
    labels=_DISK,
)
"""Bytes that are free on each disk."""

DISK_SHARE_AVAILABLE = Recording(
    name="device:node_filesystem_avail:min_ratio",
    subject=Subject.HOST,
    query=f"{series(DISK_AVAILABLE)} / {_of_disk(series(node.FILESYSTEM_SIZE))}",
    labels=_DISK,
)
"""Share of each disk that is free."""

RECORDINGS = (DISK_AVAILABLE, DISK_SHARE_AVAILABLE)

HOST_DISK_LOW = Alert(
    name="HostDiskLow",
    subject=Subject.HOST,
    severity=Severity.WARNING,
    query=series(DISK_SHARE_AVAILABLE),
    op="<",
    threshold=0.1,
    # A tenth of a large disk is plenty for years.
    extra_condition=f"and {series(DISK_AVAILABLE)} < 20e9",
    for_seconds=300,
    summary="{{ $labels.device }} of {{ $labels.instance }} has {{ $value | humanizePercentage }} free",
    description=(
        "Less than 10 % and less than 20 GB of the disk is free. When it is full, the ledger refuses orders, "
        "Prometheus stops storing samples, and logging stops."
    ),
    no_data=NoData.COVERED,
    covered_by="ExporterDown",
)

HOST_DISK_FILLS = Alert(
    name="HostDiskFillsIn24h",
    subject=Subject.HOST,
    severity=Severity.WARNING,
    # A line through less than two hours says nothing about a day: after ten minutes it led to -187 GiB.
    query=f"(predict_linear({series(DISK_AVAILABLE)}[3h], {_DAY}) and {series(DISK_AVAILABLE)} offset 2h)",
    op="<",
    threshold=0,
    # The line through a large copy hits the floor within a day on any disk: only one that is filled counts.
    extra_condition=f"and {series(DISK_SHARE_AVAILABLE)} < 0.25",
    for_seconds=_HOUR,
    summary="{{ $labels.device }} of {{ $labels.instance }} will be full within 24 hours at this rate",
    description=(
        "The disk is over 75 % full, and at the rate of the last three hours the rest fills within a day. When "
        "it is full, the ledger refuses orders, Prometheus stops storing samples, and logging stops."
    ),
    no_data=NoData.COVERED,
    covered_by="ExporterDown",
)

_CLOCK = series(node.TIME, _HOST)

HOST_CLOCK_SKEW = Alert(
    name="HostClockSkew",
    subject=Subject.HOST,
    severity=Severity.WARNING,
    # Compared with the clock of Prometheus, which matters between hosts; and with what a time service says, where one
    # disciplines the kernel. Without a time service that is 0: a missing one is no skew.
    query=f"abs({_CLOCK} - timestamp({_CLOCK}))",
    op=">",
    threshold=2,
    extra_condition=f"or abs({series(node.CLOCK_OFFSET, _HOST)}) > 0.5",
    for_seconds=600,
    summary='the clock of {{ $labels.instance }} is off by {{ $value | printf "%.1f" }} s',
    description=(
        "For ten minutes the clock has been more than two seconds off Prometheus, or more than half a second "
        "off its time service. Heartbeat age, price age and ledger timestamps all rely on it."
    ),
    no_data=NoData.COVERED,
    covered_by="ExporterDown",
)

HOST_OOM_KILL = Alert(
    name="HostOomKill",
    subject=Subject.HOST,
    severity=Severity.WARNING,
    query=f"increase({series(node.OOM_KILLS, _HOST)}[15m])",
    op=">",
    threshold=0,
    summary="the kernel of {{ $labels.instance }} killed a process: out of memory",
    description=(
        "The kernel's OOM killer ended a process in the last 15 minutes. A part of InvestIQ is restarted, but "
        "its work in progress is lost. Expect it to happen again."
    ),
    no_data=NoData.COVERED,
    covered_by="ExporterDown",
)

PROCESS_FILES_HIGH = Alert(
    name="ProcessFileDescriptorsHigh",
    subject=Subject.HOST,
    severity=Severity.WARNING,
    query=f"{series(process.OPEN_FILES)} / {series(process.MAX_FILES)}",
    op=">",
    threshold=0.8,
    for_seconds=300,
    summary="{{ $labels.job }} uses {{ $value | humanizePercentage }} of its file descriptors",
    description=(
        "More than 80 % of its file descriptors have been in use for five minutes. At the limit it cannot "
        "accept connections or open files: it runs, but users cannot reach it."
    ),
    no_data=NoData.QUIET,
)

ALERTS = (HOST_MEMORY_LOW, HOST_DISK_LOW, HOST_DISK_FILLS, HOST_CLOCK_SKEW, HOST_OOM_KILL, PROCESS_FILES_HIGH)

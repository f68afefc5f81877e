"""Retention policies configured: as Prometheus itself says that it keeps to them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.findings import CheckResult, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import lacking
from investiq.operate.checklist.deployment import Deployment
from investiq.promql import duration

__all__ = ["check"]

POINT = ChecklistPoint.RETENTION
_TIME, _SIZE = "storage.tsdb.retention.time", "storage.tsdb.retention.size"
_RESTART = "`investiq down`, then `investiq up`: it starts Prometheus with the settings"
_UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}


async def check(deployment: Deployment) -> CheckResult:
    """Ask Prometheus for the flags that it runs with."""
    monitoring = deployment.config.monitoring
    flags = await deployment.prometheus.flags()
    days, size = _days(flags.get(_TIME, "")), _bytes(flags.get(_SIZE, ""))
    place = Place(PlaceKind.PART, topology.PROMETHEUS.name)
    findings = []
    if days != monitoring.retention_days:
        kept = f"{days:g} days" if days else "for as long as it does by default"
        what = f"it keeps metrics {kept}, and monitoring.retention_days says {monitoring.retention_days}"
        findings.append(lacking(POINT, place, what, _RESTART))
    if size != _bytes(monitoring.retention_size):
        kept = flags.get(_SIZE) or "without a limit of size"
        what = f"it keeps {kept}, and monitoring.retention_size says {monitoring.retention_size}"
        findings.append(lacking(POINT, place, what, _RESTART))
    evidence = f"Prometheus runs with {_TIME}={flags.get(_TIME)} and {_SIZE}={flags.get(_SIZE)}"
    return CheckResult(POINT, evidence, tuple(findings), tuple(_notes(deployment.config, size)))


def _notes(config: Config, size: float) -> Iterator[str]:
    folder = Paths.of(config).prometheus
    if not folder.is_dir():
        return
    room = shutil.disk_usage(folder).free + _used(folder)
    if room < size:
        yield (
            f"metrics may take {size / 2**30:.1f} GiB, and the disk has room for {room / 2**30:.1f}: before the limit "
            "does anything it is full; set monitoring.retention_size lower"
        )


def _used(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _days(text: str) -> float:
    """Of a duration as Prometheus writes it; 0 where there is none."""
    try:
        return duration.parse(text).total_seconds() / 86_400
    except duration.InvalidDuration:
        return 0.0


def _bytes(text: str) -> float:
    """Of a size as Prometheus writes it (10GB, 10GiB): its units are powers of 1024; 0 where there is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGTPE]?)i?B", text)
    return float(match[1]) * 1024 ** _UNITS[match[2]] if match else 0.0

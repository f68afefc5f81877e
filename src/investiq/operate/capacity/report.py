"""`investiq capacity` as a document and as lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from investiq.foundation.config import Config, Paths
from investiq.foundation.tables import aligned_table
from investiq.operate.capacity.blocks import SampleSize, sample_size
from investiq.operate.capacity.estimate import Bound, Estimate, estimate
from investiq.operate.capacity.stores import Stores, read_stores
from investiq.operate.capacity.tsdb import Tsdb, read_tsdb

__all__ = ["Capacity", "capacity_document", "capacity_lines", "read_capacity", "retention_bytes"]

_UNITS = {"MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
"""As Prometheus reads them: its GB are GiB."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What there is, and what it comes to."""

    tsdb: Tsdb
    size: SampleSize
    stores: Stores
    estimate: Estimate
    retention_days: int
    retention_size: str


async def read_capacity(config: Config) -> Capacity:
    """Ask Prometheus, and look at the data folder.

    Raises:
        ClientError: Prometheus does not answer.
    """
    kept = config.monitoring
    tsdb = await read_tsdb(config)
    size, stores = sample_size(Paths.of(config).prometheus), read_stores(config)
    fits = estimate(tsdb.samples_per_second, size, stores, kept.retention_days, retention_bytes(kept.retention_size))
    return Capacity(tsdb, size, stores, fits, kept.retention_days, kept.retention_size)


def retention_bytes(text: str) -> int:
    """Of `monitoring.retention_size`, such as `10GB`."""
    number, unit = re.fullmatch(r"(\d+)(MB|GB|TB)", text).groups()  # type: ignore[union-attr]  # the setting's pattern
    return int(number) * _UNITS[unit]


def capacity_document(capacity: Capacity) -> dict[str, Any]:
    """As JSON; bytes, days, and samples a second."""
    return {
        "prometheus": asdict(capacity.tsdb),
        "sample": asdict(capacity.size),
        "stores": asdict(capacity.stores),
        "retention": {"days": capacity.retention_days, "size": capacity.retention_size},
        "estimate": asdict(capacity.estimate),
    }


def capacity_lines(capacity: Capacity) -> list[str]:
    """For people."""
    return [
        *_metrics(capacity),
        *_fits(capacity),
        *_stores(capacity.stores),
        "",
        *aligned_table(("job", "series"), _jobs(capacity.tsdb)).split("\n"),
        "",
        *aligned_table(("largest metrics", "series"), list(capacity.tsdb.largest_metrics.items())).split("\n"),
        "",
        *aligned_table(("one more of these", "series more", "now"), _growth(capacity.tsdb)).split("\n"),
    ]


def _metrics(capacity: Capacity) -> Iterator[str]:
    tsdb, size = capacity.tsdb, capacity.size
    rate = "not known yet" if tsdb.samples_per_second is None else f"{tsdb.samples_per_second:.0f} a second"
    yield f"series     {tsdb.series} in Prometheus {tsdb.version}, of which its rules make {tsdb.rule_series}"
    yield f"samples    {rate}, {size.bytes:.2f} bytes each ({size.source})"
    if tsdb.memory_bytes is not None:
        yield f"memory     {_bytes(tsdb.memory_bytes)} for {tsdb.series} series"


def _fits(capacity: Capacity) -> Iterator[str]:
    fits = capacity.estimate
    if fits.bytes_per_day is None or fits.first is None:
        yield "growth     not known: Prometheus has not run for long enough, ask again in five minutes"
        return
    about = "about " if capacity.size.is_estimate else ""
    yield f"growth     {about}{_bytes(fits.bytes_per_day)} of metrics a day"
    yield f"kept       {about}{_days(fits.first.days)} of metrics: {_reason(fits.first, capacity)}"
    others = (f"{bound.name} at {_days(bound.days)}" for bound in fits.bounds if bound is not fits.first)
    yield f"           {about}{_bytes(fits.kept_bytes or 0)} then; after it come {', '.join(others)}"


def _reason(first: Bound, capacity: Capacity) -> str:
    return {
        "retention_days": f"monitoring.retention_days ({capacity.retention_days}) comes first",
        "retention_size": f"monitoring.retention_size ({capacity.retention_size}) comes first",
        "disk": "the disk is full before that: set monitoring.retention_size to less, or use a larger one",
    }[first.name]


def _stores(stores: Stores) -> Iterator[str]:
    ledger = stores.ledger
    size = "size not known" if ledger.bytes is None else _bytes(ledger.bytes)
    grows = ledger.problem if ledger.bytes_per_day is None else f"{_bytes(ledger.bytes_per_day)} a day so far"
    yield f"ledger     {size}, {ledger.orders} orders, {ledger.where}; {grows}"
    yield f"logs       {_bytes(stores.logs)}, never more than {_bytes(stores.logs_bound)}"
    yield f"disk       {_bytes(stores.free)} free of {_bytes(stores.total)}; metrics take {_bytes(stores.metrics)}"


def _jobs(tsdb: Tsdb) -> list[tuple[str, int]]:
    return [*tsdb.jobs.items(), ("(rules)", tsdb.rule_series)]


def _growth(tsdb: Tsdb) -> list[tuple[str, str, int]]:
    def told(series: float | None) -> str:
        return "as it exposes" if series is None else f"{series:.0f}"

    return [(one.what, told(one.series), one.now) for one in tsdb.growth]


def _days(days: float | None) -> str:
    return "-" if days is None else "1 day" if round(days) == 1 else f"{days:,.0f} days"


def _bytes(number: float) -> str:
    for unit, size in (("TB", 1024**4), ("GB", 1024**3), ("MB", 1024**2)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number / 1024:.0f} kB"

"""How long it all fits, and which bound comes first. Pure arithmetic; bytes and days."""

from __future__ import annotations

from dataclasses import dataclass

from investiq.operate.capacity.blocks import SampleSize
from investiq.operate.capacity.stores import Stores

__all__ = ["Bound", "Estimate", "estimate"]

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of what is kept.

    Attributes:
        name: `retention_days`, `retention_size` or `disk`.
        days: of metrics that it lets be kept; None where that cannot be told.
    """

    name: str
    days: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What metrics take from now on.

    Attributes:
        bytes_per_day: of metrics; None while samples a second are not known.
        kept_bytes: once the first bound is reached.
        first: the bound that comes first; None while that is not known.
        disk_days: until the disk is full, with all that grows; None where nothing grows beyond what fits.
    """

    bytes_per_day: float | None
    bounds: tuple[Bound, ...]
    first: Bound | None
    kept_bytes: float | None
    disk_days: float | None


def estimate(
    samples_per_second: float | None,
    size: SampleSize,
    stores: Stores,
    retention_days: int,
    retention_bytes: int,
) -> Estimate:
    """What fits, if it goes on as now."""
    a_day = None if not samples_per_second else samples_per_second * _DAY * size.bytes
    room = stores.free + stores.metrics
    bounds = (
        Bound("retention_days", float(retention_days)),
        Bound("retention_size", None if a_day is None else retention_bytes / a_day),
        Bound("disk", None if a_day is None else room / a_day),
    )
    if a_day is None:
        return Estimate(None, bounds, None, None, None)
    first = min(bounds, key=lambda bound: bound.days if bound.days is not None else float("inf"))
    kept = a_day * (first.days or 0.0)
    return Estimate(
        a_day, bounds, first, kept, _disk_days(room, a_day, min(retention_bytes, a_day * retention_days), stores)
    )


def _disk_days(room: float, metrics_a_day: float, metrics_most: float, stores: Stores) -> float | None:
    """Metrics grow up to their retention, logs to their bound; the ledger goes on for ever."""
    left = room - max(0, stores.logs_bound - stores.logs)
    ledger_a_day = stores.ledger.bytes_per_day or 0.0
    days_of_growth = metrics_most / metrics_a_day
    if left <= (metrics_a_day + ledger_a_day) * days_of_growth:
        return max(0.0, left / (metrics_a_day + ledger_a_day))
    return (left - metrics_most) / ledger_a_day if ledger_a_day else None

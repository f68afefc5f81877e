"""Which backups are kept. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from investiq.operate.backup.restic import Snapshot

__all__ = ["to_forget"]

_EVERY_ONE = timedelta(days=2)
"""How long each is kept; after that, the last of each day."""


def to_forget(snapshots: Sequence[Snapshot], keep_days: int, now: datetime) -> list[Snapshot]:
    """Those that have had their time: never the newest, nor the newest that is proven."""
    ordered = sorted(snapshots, key=lambda one: one.time)
    kept = {one.id for one in ordered[-1:]} | {one.id for one in [one for one in ordered if one.proven][-1:]}
    last_of_day: dict[date, Snapshot] = {one.time.date(): one for one in ordered}
    for one in ordered:
        age = now - one.time
        daily = last_of_day[one.time.date()] is one and age <= timedelta(days=keep_days)
        if daily or age <= min(_EVERY_ONE, timedelta(days=keep_days)):
            kept.add(one.id)
    return [one for one in ordered if one.id not in kept]

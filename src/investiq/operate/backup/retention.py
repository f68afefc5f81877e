"""Which backups are kept. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from investiq.operate.backup.restic import Snapshot

__all__ = ["to_forget"]

_EVERY_ONE = timedelta(days=2)
"""How long each is kept; after that, the last of each day."""


def to_forget(snapshots: Sequence[Snapshot], keep_days: int, now: datetime) -> list[Snapshot]:
    """Those that have had their time: never the newest, nor the newest that is proven.

    Days are counted by the backups that there are, not by the time of day: a clock that runs years ahead, or a month
    in which nothing ran, forgets nothing.
    """
    ordered = sorted(snapshots, key=lambda one: one.time)
    kept = {one.id for one in ordered[-1:]} | {one.id for one in [one for one in ordered if one.proven][-1:]}
    last_of_day: dict[date, Snapshot] = {one.time.date(): one for one in ordered}
    kept |= {last_of_day[day].id for day in sorted(last_of_day)[-(keep_days + 1) :]}
    recent = min(_EVERY_ONE, timedelta(days=keep_days))
    return [one for one in ordered if one.id not in kept and now - one.time > recent]

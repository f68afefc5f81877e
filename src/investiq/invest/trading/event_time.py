"""The two times of everything that happens here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["EventTime", "UtcClock", "wall_now"]

UtcClock = Callable[[], datetime]
"""The time of day, aware."""


def wall_now() -> datetime:
    """The time of day in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class EventTime:
    """`at` in market time, which a replay moves; `wall` in the time of day."""

    at: datetime
    wall: datetime

"""So many events in any 60 seconds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

__all__ = ["WINDOW_SECONDS", "MovingWindow"]

WINDOW_SECONDS = 60.0


class MovingWindow:
    """At most `most` events in any 60 seconds; it remembers no more than these.

    Not for several threads at once: who has them takes a lock. (`limits`, which others use for this, starts a thread
    every few events to forget the old ones: 80 µs of every request.)
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._times: deque[float] = deque()

    def take(self) -> bool:
        """Count one event, unless that would be one too many; whether it was counted."""
        return self.take_at(self._clock())[0]

    def take_at(self, now: float) -> tuple[bool, int, float]:
        """`take`, for who has read the clock; how many more fit, and in how many seconds the oldest is forgotten."""
        times = self._times
        if times and times[0] <= now - WINDOW_SECONDS:
            self._forget(now)
        remaining = self._most - len(times)
        if remaining <= 0:
            return False, 0, times[0] + WINDOW_SECONDS - now if times else 0.0
        times.append(now)
        return True, remaining - 1, times[0] + WINDOW_SECONDS - now

    def remaining(self) -> int:
        """How many more events fit now."""
        return self.remaining_at(self._clock())

    def remaining_at(self, now: float) -> int:
        """`remaining`, for who has read the clock already."""
        self._forget(now)
        return self._most - len(self._times)

    def _forget(self, now: float) -> None:
        times, over = self._times, now - WINDOW_SECONDS
        while times and times[0] <= over:
            times.popleft()

"""Rate limits: so many requests within any minute, for each key or client address."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from investiq.serve.http.moving_window import WINDOW_SECONDS, MovingWindow

__all__ = ["RateLimit", "RateLimitDecision"]

BUCKETS_KEPT = 10_000


@dataclass(slots=True)  # frozen, it would take four times as long to make
class RateLimitDecision:
    """Whether one more request fits, how many still do, and in how many seconds the next place is free."""

    policy: str
    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers, and Retry-After when refused."""
        return {name.decode(): value.decode() for name, value in self.raw_headers()}

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The same as ASGI takes them."""
        state = f'"{self.policy}";r={self.remaining};t={self.reset_seconds}'
        fields = [_policy_field(self.policy, self.limit), (b"ratelimit", state.encode())]
        return fields if self.allowed else [*fields, (b"retry-after", str(self.reset_seconds).encode())]


@lru_cache
def _policy_field(policy: str, limit: int) -> tuple[bytes, bytes]:
    return b"ratelimit-policy", f'"{policy}";q={limit};w={WINDOW_SECONDS:g}'.encode()


class RateLimit:
    """At most `per_minute` requests in any 60 seconds for each bucket; several threads may ask.

    Memory is bounded: a bucket holds no more entries than its limit, and is forgotten once it is as good as new, or
    when 10,000 others were used since.
    """

    def __init__(self, policy: str, per_minute: int, clock: Callable[[], float] | None = None) -> None:
        self.policy = policy
        self._limit = per_minute
        self._clock = clock or time.monotonic
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, MovingWindow] = OrderedDict()

    def is_open(self, bucket: str) -> bool:
        """Whether one more request of `bucket` would fit; it is not counted."""
        with self._lock:
            window = self._windows.get(bucket)
            return window is None or window.remaining() > 0

    def take(self, bucket: str) -> RateLimitDecision:
        """Count one request of `bucket`, unless it has used up its limit."""
        with self._lock:
            now = self._clock()
            allowed, remaining, seconds = self._window(bucket, now).take_at(now)
        return RateLimitDecision(self.policy, allowed, self._limit, remaining, max(1, math.ceil(seconds)))

    def _window(self, bucket: str, now: float) -> MovingWindow:
        windows = self._windows
        window = windows.get(bucket)
        if window is None:
            window = windows[bucket] = MovingWindow(self._limit, self._clock)
        elif len(windows) == 1:
            return window
        windows.move_to_end(bucket)
        oldest = next(iter(windows))
        if oldest != bucket and (
            len(self._windows) > BUCKETS_KEPT or self._windows[oldest].remaining_at(now) == self._limit
        ):
            del self._windows[oldest]
        return window

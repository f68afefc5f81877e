"""Rate limits: so many requests within any minute, for each key or client address."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

__all__ = ["RateLimit", "RateLimitDecision"]

WINDOW_SECONDS = 60
BUCKETS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class RateLimitDecision:
    """Whether one more request fits, how many still do, and in how many seconds the next place is free."""

    policy: str
    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers, and Retry-After when refused."""
        fields = {
            "RateLimit-Policy": f'"{self.policy}";q={self.limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.reset_seconds}',
        }
        return fields if self.allowed else fields | {"Retry-After": str(self.reset_seconds)}


class RateLimit:
    """At most `per_minute` requests in any 60 seconds for each bucket.

    Memory is bounded: the least recently used of more than 10,000 buckets is forgotten (the library itself keeps an
    entry for every name that it ever saw), and a bucket holds no more entries than its limit.
    """

    def __init__(self, policy: str, per_minute: int) -> None:
        self.policy = policy
        self._item = RateLimitItemPerMinute(per_minute)
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._buckets: OrderedDict[str, None] = OrderedDict()

    def is_open(self, bucket: str) -> bool:
        """Whether one more request of `bucket` would fit; it is not counted."""
        return self._window.test(self._item, bucket)

    def take(self, bucket: str) -> RateLimitDecision:
        """Count one request of `bucket`, unless it has used up its limit."""
        self._remember(bucket)
        allowed = self._window.hit(self._item, bucket)
        reset_time, remaining = self._window.get_window_stats(self._item, bucket)
        reset = max(1, math.ceil(reset_time - time.time()))
        return RateLimitDecision(self.policy, allowed, self._item.amount, remaining, min(reset, WINDOW_SECONDS))

    def _remember(self, bucket: str) -> None:
        self._buckets[bucket] = None
        self._buckets.move_to_end(bucket)
        if len(self._buckets) > BUCKETS_KEPT:
            oldest, _ = self._buckets.popitem(last=False)
            self._window.clear(self._item, oldest)

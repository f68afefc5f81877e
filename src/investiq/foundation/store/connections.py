"""Who gets one of the database's connections when most are in use.

Requests share all but a few, wait for one for a bounded time, and each wait is told. The few are for what must not wait
behind them: the trading thread, halts, and the check whether the database answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import BoundedSemaphore

from sqlalchemy.exc import TimeoutError as PoolTimeout

__all__ = ["POOL", "REQUEST_CONNECTIONS", "WAIT_SECONDS", "ConnectionSlots", "reserved_connection"]

WAIT_SECONDS = 2.0
"""As long as a health check waits for its answer."""
POOL = {"pool_size": 5, "max_overflow": 10, "pool_timeout": WAIT_SECONDS}
REQUEST_CONNECTIONS = 12
"""Of the 15 connections."""

_reserved: ContextVar[bool] = ContextVar("reserved", default=False)


@contextmanager
def reserved_connection() -> Iterator[None]:
    """What this thread asks of the database inside does not wait behind requests. For little that ends soon."""
    token = _reserved.set(True)
    try:
        yield
    finally:
        _reserved.reset(token)


class ConnectionSlots:
    """As many at once as requests may have.

    Attributes:
        waited: called after a wait, with whether it was for nothing.
    """

    def __init__(self, seconds: float) -> None:
        self._free = BoundedSemaphore(REQUEST_CONNECTIONS)
        self._seconds = seconds
        self.waited: Callable[[bool], None] = lambda _: None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One of them, unless the connection is a reserved one.

        Raises:
            sqlalchemy.exc.TimeoutError: none became free in time.
        """
        if _reserved.get():
            yield
            return
        if not self._free.acquire(blocking=False):
            came = self._free.acquire(timeout=self._seconds)
            self.waited(not came)
            if not came:
                raise PoolTimeout
        try:
            yield
        finally:
            self._free.release()

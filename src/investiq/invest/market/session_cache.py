"""What depends on every symbol is computed once a session, not once a question."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import date
from typing import Generic, TypeVar

__all__ = ["SessionCache"]

Value = TypeVar("Value")

_KEPT = 8


class SessionCache(Generic[Value]):
    """The values of a function of a session, computed once and kept for the last few sessions that were asked for.

    Safe to share between threads: whoever asks while a value is computed waits for it. A function that raises is asked
    again.

    Args:
        compute: a function of the session and of nothing else that may change without a new `version`.
        version: the version of the data beneath; a value of an older one is never given.
    """

    def __init__(self, compute: Callable[[date], Value], version: Callable[[], int], kept: int = _KEPT) -> None:
        self._compute = compute
        self._version = version
        self._kept = kept
        self._lock = threading.Lock()
        self._values: OrderedDict[tuple[int, date], Value] = OrderedDict()

    def at(self, session: date) -> Value:
        """The value for `session`."""
        with self._lock:
            # Read before computing: data that change meanwhile make the value one of the old version.
            key = self._version(), session
            if key not in self._values:
                self._values[key] = self._compute(session)
            self._values.move_to_end(key)
            while len(self._values) > self._kept:
                self._values.popitem(last=False)
            return self._values[key]

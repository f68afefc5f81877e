"""Reads one thing from a part of the stack: at most once a second however many pages ask, and never with an exception.

A reading is the value, or a `SourceUnavailable` that says which part did not answer, since when, and what to type.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from investiq.foundation.errors import InvestIQError

__all__ = ["PollingCache", "SourceHealth", "SourceUnavailable"]

RETRY_SECONDS = 1.0
"""How long at most a part that gave no answer is not asked again."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class SourceUnavailable:
    """A part gave no answer.

    Attributes:
        part: its name for people.
        error: what went wrong, in one sentence.
        since: real time of its first failure after its last answer, as this console saw it.
        advice: the command to type.
        refused: it did answer, and said no: an unknown symbol, a key without the right.
        announced: the header says it on every page.
        unfed: it answers, but what it would tell of is not told to it.
    """

    part: str
    error: str
    since: datetime
    advice: str
    refused: bool = False
    announced: bool = False
    unfed: bool = False


class SourceHealth:
    """A part of the stack as this console sees it: since when it fails. The header announces some parts' failures."""

    def __init__(self, name: str, advice: str, *, announced: bool = False) -> None:
        self.name = name
        self.advice = advice
        self._announced = announced
        self._failing_since: datetime | None = None

    def answered(self) -> None:
        self._failing_since = None

    def failed(self, error: InvestIQError) -> SourceUnavailable:
        """Note the failure, and describe it."""
        # A refusal is an answer: the part lives, and what it refused is no outage of it.
        if error.reason == "refused":
            self.answered()
            return SourceUnavailable(self.name, error.message, datetime.now(UTC), self.advice, refused=True)
        self._failing_since = self._failing_since or datetime.now(UTC)
        unfed = error.reason == "nothing_evaluated"
        return SourceUnavailable(
            self.name, error.message, self._failing_since, self.advice, announced=self._announced, unfed=unfed
        )


class PollingCache(Generic[Value]):
    """The latest value of each key (a symbol, a query): fetched once for all who ask within `keep_seconds`.

    Args:
        fetch: asks the part; raises an InvestIQError when there is no answer.
        keep_keys: keys remembered; the one asked for least recently goes first.
    """

    def __init__(
        self,
        part: SourceHealth,
        fetch: Callable[..., Awaitable[Value]],
        *,
        keep_seconds: float = 1.0,
        keep_keys: int = 64,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._part = part
        self._fetch = fetch
        self._keep_seconds = keep_seconds
        self._keep_keys = keep_keys
        self._clock = clock
        self._tasks: OrderedDict[tuple[object, ...], asyncio.Task[Value | SourceUnavailable]] = OrderedDict()
        self._fetched: dict[tuple[object, ...], float] = {}

    async def __call__(self, *key: object) -> Value | SourceUnavailable:
        """The value, at most `keep_seconds` old."""
        task = self._tasks.get(key)
        if task is None or self._is_old(key, task):
            self._forget_old()
            task = self._tasks[key] = asyncio.create_task(self._ask(key))
        self._tasks.move_to_end(key)
        # A page that goes away must not take the answer from the others that wait for it.
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Ask again next time: something was changed."""
        self._fetched.clear()
        self._tasks.clear()

    async def _ask(self, key: tuple[object, ...]) -> Value | SourceUnavailable:
        try:
            value = await self._fetch(*key)
        except InvestIQError as error:
            return self._part.failed(error)
        else:
            self._part.answered()
            return value
        finally:
            self._fetched[key] = self._clock()

    def _is_old(self, key: tuple[object, ...], task: asyncio.Task[Value | SourceUnavailable]) -> bool:
        if not task.done():
            return False
        unanswered = task.cancelled() or task.exception() is not None or isinstance(task.result(), SourceUnavailable)
        kept = min(self._keep_seconds, RETRY_SECONDS) if unanswered else self._keep_seconds
        return self._clock() - self._fetched.get(key, 0.0) >= kept

    def _forget_old(self) -> None:
        """Make room for one more: what is old goes, and then what was asked for least recently."""
        for key in [key for key, task in self._tasks.items() if self._is_old(key, task)]:
            self._forget(key)
        while len(self._tasks) >= self._keep_keys:
            self._forget(next(iter(self._tasks)))

    def _forget(self, key: tuple[object, ...]) -> None:
        del self._tasks[key]
        self._fetched.pop(key, None)

"""One engine and many snapshots: each gets its own answer, and one that fails or hangs fails alone."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast, runtime_checkable

import structlog

from investiq.foundation.errors import InvestIQError
from investiq.foundation.threads import BoundedThreads
from investiq.invest.analysis.engine import Answer, Engine, Unavailable
from investiq.invest.analysis.kept_results import Made
from investiq.invest.analysis.result import EngineResult
from investiq.invest.analysis.snapshot import Snapshot

__all__ = ["AnswersMany", "Assessed", "EngineRun", "assess_each", "failure_reason", "made_of"]

_log = structlog.get_logger(__name__)


@runtime_checkable
class AnswersMany(Protocol):
    """An engine that waits for a network, and asks it once for many symbols."""

    async def assess_many(self, snapshots: Sequence[Snapshot]) -> Sequence[Answer | Exception]:
        """An answer for each snapshot, or what `assess` would have raised."""
        ...


@dataclass(frozen=True, slots=True)
class Assessed:
    """What an engine answered, or why it did not, and how long that took."""

    answer: Answer | Exception
    seconds: float


def assess_each(engine: Engine, snapshots: Sequence[Snapshot]) -> Iterator[Assessed]:
    """Each answer of an engine that computes, as it comes."""
    for snapshot in snapshots:
        started = time.perf_counter()
        answer: Answer | Exception
        try:
            answer = cast(Answer, engine.assess(snapshot))
        except Exception as error:
            answer = error
        yield Assessed(answer, time.perf_counter() - started)


def made_of(engine: str, snapshot: Snapshot, assessed: Assessed) -> Made:
    """The result, and whether it holds as long as its inputs do."""
    answer, milliseconds = assessed.answer, assessed.seconds * 1000
    if isinstance(answer, Exception):
        failed = EngineResult.failed(engine, failure_reason(answer), snapshot.as_of, milliseconds)
        return Made(failed, holds=False)
    passing = isinstance(answer, Unavailable) and answer.passing
    return Made(EngineResult.of(engine, answer, snapshot.as_of, milliseconds), holds=not passing)


UNFORESEEN = "internal_error"
"""Why an engine failed, where it is no reason that is known in advance: a fault of ours, which the log tells as one."""


def failure_reason(error: Exception) -> str:
    """A word from a closed set. What the error says may hold addresses, paths or keys, so only the log gets that."""
    match error:
        case TimeoutError():
            return "timeout"
        case InvestIQError():
            return error.reason
        case _:
            return UNFORESEEN


@dataclass
class EngineRun:
    """An engine at work on one listing.

    Attributes:
        timeout: wall seconds that it has for each answer. Once it has run out of them, it is not asked again.
    """

    engine: Engine
    threads: BoundedThreads
    timeout: float
    hangs: bool = field(default=False, init=False)

    async def assess(self, snapshots: Sequence[Snapshot]) -> Sequence[Assessed]:
        """What it answers to each of `snapshots`."""
        if self.hangs:
            return [Assessed(TimeoutError(), 0.0)] * len(snapshots)
        if isinstance(self.engine, AnswersMany):
            answers = await self._asked_once(self.engine, snapshots)
        elif inspect.iscoroutinefunction(self.engine.assess):
            answers = await asyncio.gather(*map(self._asked, snapshots))
        else:
            answers = await self._computed(snapshots)
        self._log_failures(snapshots, answers)
        return answers

    async def _computed(self, snapshots: Sequence[Snapshot]) -> Sequence[Assessed]:
        answers: list[Assessed] = []

        def work() -> None:
            for assessed in assess_each(self.engine, snapshots):
                answers.append(assessed)
                if self.hangs:
                    return

        running = asyncio.create_task(self.threads.run(work))
        done = -1
        while not running.done() and done < len(answers):
            done = len(answers)
            await asyncio.wait({running}, timeout=self.timeout)
        self.hangs = not running.done()
        return self._filled(answers, len(snapshots))

    async def _asked(self, snapshot: Snapshot) -> Assessed:
        started = time.perf_counter()
        answer: Answer | Exception
        try:
            async with asyncio.timeout(self.timeout):
                answer = await cast(Awaitable[Answer], self.engine.assess(snapshot))
        except Exception as error:
            answer = error
        return Assessed(answer, time.perf_counter() - started)

    async def _asked_once(self, engine: AnswersMany, snapshots: Sequence[Snapshot]) -> Sequence[Assessed]:
        started = time.perf_counter()
        found: Sequence[Answer | Exception]
        try:
            async with asyncio.timeout(self.timeout):
                found = await engine.assess_many(snapshots)
        except Exception as error:
            found = [error] * len(snapshots)
            self.hangs = isinstance(error, TimeoutError)
        seconds = (time.perf_counter() - started) / len(snapshots)
        return [Assessed(answer, seconds) for answer in found]

    def _filled(self, answers: Sequence[Assessed], length: int) -> Sequence[Assessed]:
        missing = Assessed(TimeoutError(), self.timeout)
        return [*answers[:length], *[missing] * (length - len(answers))]

    def _log_failures(self, snapshots: Sequence[Snapshot], answers: Sequence[Assessed]) -> None:
        """The first with its traceback, and how many there are: a thousand tracebacks say no more."""
        pairs = zip(snapshots, answers, strict=True)
        failed = [(look.symbol, one.answer) for look, one in pairs if isinstance(one.answer, Exception)]
        if failed:
            symbol, error = failed[0]
            reason = failure_reason(error)
            tell = _log.error if reason == UNFORESEEN else _log.warning
            tell(
                "engine_failed",
                engine=self.engine.name,
                symbol=symbol,
                symbols=len(failed),
                reason=reason,
                exc_info=None if reason == "timeout" else error,
            )

"""A bounded number of threads for work that cannot be interrupted.

Python cannot stop a thread. An engine that hangs therefore keeps its thread, and the bound must count that thread for
as long as it really runs, not for as long as somebody waits for it. `ThreadPoolExecutor` has a bound too, but the
interpreter joins its threads at exit: one engine that hangs would keep the whole process from ending. Ours are daemons.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

__all__ = ["BoundedThreads", "Turns"]

T = TypeVar("T")
_Jobs = SimpleQueue["Callable[[], bool] | None"]
"""Each says whether there is anybody to tell that it is done; None: there are no more."""


class _Outcome(Generic[T]):
    """What the work returned or raised. A future cannot carry every exception (StopIteration, SystemExit)."""

    def __init__(self) -> None:
        self._value: list[T] = []
        self._error: BaseException | None = None

    def record(self, work: Callable[[], T]) -> None:
        try:
            self._value.append(work())
        except BaseException as error:
            self._error = error

    def unwrap(self) -> T:
        if isinstance(self._error, Exception):
            raise self._error
        if self._error is not None:
            raise RuntimeError("the work tried to end the process") from self._error
        return self._value[0]


class Turns:
    """Lets one thread compute at a time, of all that share it. For one event loop.

    Python runs one thread at a time anyhow. When ten want to, the event loop waits for several of them whenever it has
    sent something, and nothing is done sooner.

    Args:
        seconds: who has not finished by then counts no more, so that work that hangs keeps nobody waiting.
    """

    def __init__(self, seconds: float = 0.01) -> None:
        self._free = asyncio.Semaphore(1)
        self._seconds = seconds

    async def take(self) -> Callable[[], None]:
        """Wait for a turn; what is returned ends it."""
        await self._free.acquire()
        timer: asyncio.TimerHandle | None = None

        def end() -> None:
            nonlocal timer
            if timer is not None:
                timer.cancel()
                timer = None
                self._free.release()

        timer = asyncio.get_running_loop().call_later(self._seconds, end)
        return end


class BoundedThreads:
    """Runs functions in daemon threads, at most `limit` at the same time; further calls wait for a free one.

    A thread that is done waits for more, until this object is gone: to start one costs as much as an analysis engine.
    For one event loop.

    Args:
        turns: the work waits for one of these as well.
    """

    def __init__(self, limit: int, name: str, turns: Turns | None = None) -> None:
        self._free = asyncio.Semaphore(limit)
        self._turns = turns
        self._name = name
        self._idle = 0
        self._jobs: _Jobs = SimpleQueue()
        weakref.finalize(self, self._jobs.put, None).atexit = False

    async def run(self, work: Callable[[], T]) -> T:
        """What `work()` returns or raises. Cancelling this gives up the wait; the thread runs on and stays counted."""
        await self._free.acquire()
        end_turn = await self._turn()
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        outcome: _Outcome[T] = _Outcome()

        def finish() -> None:
            self._idle += 1
            self._free.release()
            end_turn()
            done.set()

        # The context carries the request id into the logs of the thread.
        context = contextvars.copy_context()

        def job() -> bool:
            context.run(outcome.record, work)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(finish)
                return True
            return False

        try:
            self._start(job)
        except RuntimeError:  # the system gives no more threads
            self._free.release()
            end_turn()
            raise
        await done.wait()
        return outcome.unwrap()

    async def _turn(self) -> Callable[[], None]:
        if self._turns is None:
            return _nothing
        try:
            return await self._turns.take()
        except BaseException:
            self._free.release()
            raise

    def _start(self, job: Callable[[], bool]) -> None:
        if self._idle:
            self._idle -= 1
        else:
            threading.Thread(target=_work_off, args=(self._jobs,), name=self._name, daemon=True).start()
        self._jobs.put(job)


def _work_off(jobs: _Jobs) -> None:
    """Do one job after the other, until there are no more, or one has nobody any more to tell that it is done."""
    while (job := jobs.get()) is not None:
        told = job()
        del job  # it knows whom it was done for
        if not told:
            return
    jobs.put(None)  # for the next thread


def _nothing() -> None:
    return None

"""Work that goes on between requests: repeated, counted where it fails, and never silently dead."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics

__all__ = ["PeriodicTask"]

_log = structlog.get_logger(__name__)

_REMINDER_SECONDS = 60.0


class PeriodicTask:
    """Does `step` every `seconds`. A failure is counted and logged, and the next step is done all the same.

    Args:
        name: in the logs, and the label `task` of BACKGROUND_FAILURES.
        metrics: of a server that exposes BACKGROUND_FAILURES with that label; without them, failures are only logged.
        stall_seconds: beyond `seconds`, how long a step may take before `describe_failure` says that the loop hangs.
    """

    def __init__(
        self,
        name: str,
        seconds: float,
        step: Callable[[], Awaitable[None]],
        metrics: Metrics | None = None,
        *,
        stall_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._seconds = seconds
        self._step = step
        self._failures = metrics.counter(catalogue.BACKGROUND_FAILURES).labels(name) if metrics else None
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._finished_at = clock()
        self._consecutive_failures = 0
        self._error = ""
        self._logged_at = 0.0
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Do the first step as soon as the event loop is free, and go on until `stop`."""
        if self._running is not None:
            raise RuntimeError(f"the {self.name} loop runs already")
        self._running = asyncio.create_task(self.run(), name=self.name)

    async def stop(self) -> None:
        """Cancel the step that is being done, and wait for its end; a loop that does not run is left as it is."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def run(self) -> None:
        """Repeat the step until cancelled."""
        while True:
            started = self._clock()
            await self.run_once()
            # A late step is not made up for: the next one sees the market as it is then.
            await asyncio.sleep(max(0.0, self._seconds - (self._clock() - started)))

    async def run_once(self) -> None:
        """Do one step.

        1. Awaits the step.
        2. If it failed: counts it, and logs it when it is the first in a row, or none was logged for a minute.
        3. If it did not, and the one before it failed: logs the recovery.
        """
        try:
            await self._step()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._failed(error)  # not this loop was cancelled, but what its step waited for
        except Exception as error:
            self._failed(error)
        else:
            self._succeeded()
        self._finished_at = self._clock()

    def describe_failure(self) -> str | None:
        """What is wrong with this work, as a sentence; None when it goes well."""
        silent = self._clock() - self._finished_at
        if silent > self._stall_seconds + self._seconds:
            return f"the {self.name} loop has not finished a step for {silent:.0f} s"
        if self._consecutive_failures:
            return f"the {self.name} loop failed {self._consecutive_failures} times in a row: {self._error}"
        return None

    def _failed(self, error: BaseException) -> None:
        if self._failures is not None:
            self._failures.inc()
        self._consecutive_failures += 1
        self._error = error.message if isinstance(error, InvestIQError) else type(error).__name__
        # Several failures a second would bury everything else in the log.
        if self._consecutive_failures == 1 or self._clock() - self._logged_at >= _REMINDER_SECONDS:
            self._logged_at = self._clock()
            _log.exception("background_step_failed", task=self.name, in_a_row=self._consecutive_failures)

    def _succeeded(self) -> None:
        if self._consecutive_failures:
            _log.info("background_step_recovered", task=self.name, after=self._consecutive_failures)
        self._consecutive_failures = 0

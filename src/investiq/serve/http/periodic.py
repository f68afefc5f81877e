"""Work that goes on between requests: repeated, watched, and never silently dead."""

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
    """Does `step` every `seconds`. A step that fails is logged, counted and repeated; `trouble()` tells the rest.

    Args:
        task: as in the catalogue's label of BACKGROUND_FAILURES.
        patience_seconds: how long one step may take before `trouble()` speaks of it.
    """

    def __init__(
        self,
        task: str,
        seconds: float,
        step: Callable[[], Awaitable[None]],
        metrics: Metrics,
        *,
        patience_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.task = task
        self._seconds = seconds
        self._step = step
        self._patience = patience_seconds
        self._clock = clock
        self._failures = metrics.counter(catalogue.BACKGROUND_FAILURES).labels(task)
        self._finished = clock()
        self._in_a_row = 0
        self._error = ""
        self._reminded = 0.0

    async def run(self) -> None:
        """Repeat until cancelled."""
        while True:
            started = self._clock()
            await self.once()
            # A late step is not made up for: the next one sees the market as it is then.
            await asyncio.sleep(max(0.0, self._seconds - (self._clock() - started)))

    async def once(self) -> None:
        """One step."""
        try:
            await self._step()
        except Exception as error:
            self._failed(error)
        else:
            self._succeeded()
        self._finished = self._clock()

    def trouble(self) -> str | None:
        """What is wrong with this work, as a sentence; None when it goes well."""
        silent = self._clock() - self._finished
        if silent > self._patience + self._seconds:
            return f"the {self.task} loop has not finished a step for {silent:.0f} s"
        if self._in_a_row:
            return f"the {self.task} loop failed {self._in_a_row} times in a row: {self._error}"
        return None

    def _failed(self, error: Exception) -> None:
        self._failures.inc()
        self._in_a_row += 1
        self._error = error.message if isinstance(error, InvestIQError) else type(error).__name__
        # Several failures a second would bury everything else in the log.
        if self._in_a_row == 1 or self._clock() - self._reminded >= _REMINDER_SECONDS:
            self._reminded = self._clock()
            _log.exception("background_step_failed", task=self.task, in_a_row=self._in_a_row)

    def _succeeded(self) -> None:
        if self._in_a_row:
            _log.info("background_step_recovered", task=self.task, after=self._in_a_row)
        self._in_a_row = 0

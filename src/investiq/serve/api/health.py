"""Checks what the API leans on, again and again, and keeps the answers: /health never waits for anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import HealthStatus

__all__ = ["CheckFailed", "HealthCheck", "HealthCheckResult", "HealthMonitor"]

_log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 2.0
LIMIT_SECONDS = 2.0
_STALE_SECONDS = 4 * (INTERVAL_SECONDS + LIMIT_SECONDS)


class CheckFailed(InvestIQError):
    """A dependency answered, and what it said is bad."""

    reason = "check_failed"


@dataclass(frozen=True, slots=True)
class HealthCheckResult:
    """The latest answer; `latency_ms` is None where there was none, `error` is None when up."""

    up: bool
    latency_ms: float | None
    error: str | None


_NOT_CHECKED = HealthCheckResult(False, None, "not checked yet")


class HealthCheck:
    """One dependency, and how to ask whether it works.

    Args:
        name: as in the catalogue's DEPENDENCIES.
        critical: whether the API is of no use without it.
        probe: returns when all is well, raises otherwise.
        limit_seconds: how long an answer may take.
    """

    def __init__(
        self, name: str, critical: bool, probe: Callable[[], Awaitable[None]], limit_seconds: float = LIMIT_SECONDS
    ) -> None:
        self.name = name
        self.critical = critical
        self.result = _NOT_CHECKED
        self._probe = probe
        self._limit = limit_seconds
        self._started = 0.0
        self._running: asyncio.Task[HealthCheckResult] | None = None

    async def refresh(self) -> HealthCheckResult:
        """Ask, wait no longer than the limit, and keep the answer as `result`.

        A probe that hangs cannot be stopped (it may sit in a thread), so it is left alone and no second one is started:
        a dependency that hangs for an hour costs one thread, not one for each check.
        """
        if self._running is None:
            self._started = time.monotonic()
            self._running = asyncio.create_task(self._timed())
        await asyncio.wait({self._running}, timeout=self._limit)
        if self._running.done():
            self.result = self._running.result()
            self._running = None
        else:
            self.result = HealthCheckResult(False, None, f"no answer for {time.monotonic() - self._started:.1f} s")
        return self.result

    async def _timed(self) -> HealthCheckResult:
        try:
            await self._probe()
        except InvestIQError as error:
            return HealthCheckResult(False, self._latency(), error.message)
        except Exception as error:
            _log.exception("check_broke", dependency=self.name)
            return HealthCheckResult(False, self._latency(), f"unforeseen: {type(error).__name__}")
        return HealthCheckResult(True, self._latency(), None)

    def _latency(self) -> float:
        return round((time.monotonic() - self._started) * 1000, 3)


class HealthMonitor:
    """Keeps the results of all checks fresh, in memory and as `investiq_dependency_health`."""

    def __init__(
        self, checks: Sequence[HealthCheck], metrics: Metrics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.checks = tuple(checks)
        self._gauge = metrics.gauge(catalogue.DEPENDENCY_HEALTH)
        self._clock = clock
        self._refreshed = clock()

    async def refresh(self) -> None:
        """Renew all results.

        1. Asks all dependencies side by side.
        2. Sets the gauge of each, and logs which went down or came back.
        3. Notes the time: results that grow old are not believed.
        """
        before = {check.name: check.result for check in self.checks}
        await asyncio.gather(*(check.refresh() for check in self.checks))
        for check in self.checks:
            self._gauge.labels(check.name).set(check.result.up)
            _log_change(check.name, before[check.name], check.result)
        self._refreshed = self._clock()

    def results(self) -> dict[str, HealthCheckResult]:
        """The latest result of each check; all are down when the checks themselves have stopped."""
        age = self._clock() - self._refreshed
        if age > _STALE_SECONDS:
            return {check.name: HealthCheckResult(False, None, f"not checked for {age:.0f} s") for check in self.checks}
        return {check.name: check.result for check in self.checks}

    def status(self) -> HealthStatus:
        """`down` when a critical dependency is, `degraded` when another is, else `ok`."""
        results = self.results()
        down = [check for check in self.checks if not results[check.name].up]
        if any(check.critical for check in down):
            return HealthStatus.DOWN
        return HealthStatus.DEGRADED if down else HealthStatus.OK


def _log_change(name: str, before: HealthCheckResult, now: HealthCheckResult) -> None:
    if not now.up and (before.up or before is _NOT_CHECKED):
        _log.warning("dependency_down", dependency=name, error=now.error)
    elif now.up and not before.up and before is not _NOT_CHECKED:
        _log.info("dependency_up", dependency=name)

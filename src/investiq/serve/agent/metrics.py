"""What the agent tells Prometheus, and the state of its loop as /health shows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from investiq.foundation.contract.api import Market
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Action, CycleOutcome, OrderOutcome

__all__ = ["AgentMetrics", "CycleState"]


@dataclass(frozen=True, slots=True)
class CycleState:
    """The loop at one moment.

    Attributes:
        finished_at: wall time of the last finished cycle; None before the first.
        market_time: market time at which that cycle began, as the API wrote it.
        error: why the last cycle failed; None when it finished, and before the first.
        silent_seconds: wall seconds since the last cycle of any outcome, or since the start.
        patience_seconds: for how long the loop may be silent when all is well.
    """

    finished_at: datetime | None
    market_time: str | None
    error: str | None
    silent_seconds: float
    patience_seconds: float

    @property
    def hangs(self) -> bool:
        return self.silent_seconds > self.patience_seconds


class AgentMetrics:
    """Counts what the agent does, and remembers its last cycle.

    Args:
        interval_seconds: wait between two cycles, until the first cycle has told its own.
        clock: a steady count of wall seconds.
    """

    def __init__(self, metrics: Metrics, interval_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._cycles = metrics.counter(catalogue.AGENT_CYCLES)
        self._duration = metrics.histogram(catalogue.AGENT_CYCLE_DURATION)
        self._interval = metrics.gauge(catalogue.AGENT_INTERVAL)
        self._market_time = metrics.gauge(catalogue.AGENT_MARKET_TIME)
        self._open_time = metrics.gauge(catalogue.AGENT_OPEN_TIME)
        self._decisions = metrics.counter(catalogue.AGENT_DECISIONS)
        self._orders = metrics.counter(catalogue.AGENT_ORDERS)
        self._interval.set(interval_seconds)
        self._clock = clock
        self._last = clock()
        self._wait = interval_seconds
        self._finished_at: datetime | None = None
        self._market: Market | None = None
        self._error: str | None = None

    def finished(self, outcome: CycleOutcome, market: Market, seconds: float, wait_seconds: float) -> None:
        """A cycle has gone through.

        Args:
            market: as it was when the cycle began.
            seconds: that the cycle took.
            wait_seconds: until the next one.
        """
        self._note(outcome, seconds, wait_seconds)
        self._market_time.set(datetime.fromisoformat(market["now"]).timestamp())
        self._open_time.set(market["open_seconds"])
        self._interval.set(seconds + wait_seconds)
        self._finished_at, self._market, self._error = datetime.now(UTC), market, None

    def failed(self, error: str, seconds: float, wait_seconds: float) -> None:
        """A cycle has not gone through. What the last finished one told stands."""
        self._note(CycleOutcome.FAILED, seconds, wait_seconds)
        self._error = error

    def decided(self, action: Action) -> None:
        self._decisions.labels(action).inc()

    def ordered(self, outcome: OrderOutcome) -> None:
        self._orders.labels(outcome).inc()

    def state(self) -> CycleState:
        """The loop now."""
        return CycleState(
            finished_at=self._finished_at,
            market_time=self._market["now"] if self._market else None,
            error=self._error,
            silent_seconds=self._clock() - self._last,
            patience_seconds=_patience(self._wait),
        )

    def _note(self, outcome: CycleOutcome, seconds: float, wait_seconds: float) -> None:
        self._cycles.labels(outcome).inc()
        self._duration.observe(seconds)
        self._last, self._wait = self._clock(), wait_seconds


def _patience(wait_seconds: float) -> float:
    """The wait, and as long again for the cycle after it; a long watchlist at a slow API takes minutes."""
    return 2 * wait_seconds + 300.0

"""Holds the heartbeat of the monitoring for several threads, and each loss of it until the ledger has kept the halt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import structlog

from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import BeatOutcome, HeartbeatState
from investiq.invest.trading.event_time import UtcClock
from investiq.invest.trading.heartbeat import HeartbeatRecord, Instant
from investiq.invest.trading.metrics import TradingMetrics

__all__ = ["HeartbeatLoss", "HeartbeatMonitor", "MonitoringLost", "MonotonicClock", "describe_heartbeat"]

MonotonicClock = Callable[[], float]
"""Seconds from an arbitrary start; nobody sets it."""

_SWITCH = "`require_monitoring = false` under [trading] trades unwatched"

log = structlog.get_logger(__name__)


class MonitoringLost(InvestIQError):
    """Trading is not resumed while nobody watches it."""

    reason: ClassVar[str] = "monitoring_lost"


@dataclass(frozen=True, slots=True)
class HeartbeatLoss:
    """One loss of the heartbeat, and the sentence that the halt is kept with."""

    number: int
    note: str


class HeartbeatMonitor:
    """See the module. Touches memory only: it answers while the database hangs."""

    def __init__(
        self, config: TradingConfig, metrics: TradingMetrics, *, wall: UtcClock, monotonic_clock: MonotonicClock
    ) -> None:
        self._metrics = metrics
        self._wall = wall
        self._monotonic_clock = monotonic_clock
        self._lock = threading.Lock()
        self._loss: HeartbeatLoss | None = None
        self._heartbeat = HeartbeatRecord.start(
            required=config.require_monitoring, limit_seconds=config.heartbeat_timeout_seconds, now=self._now()
        )
        metrics.monitoring_required(config.require_monitoring)

    def beat(self, evaluated_at: float) -> BeatOutcome:
        """Take a heartbeat that carries this time of evaluation, in Unix seconds."""
        with self._lock:
            now = self._now()
            heartbeat, outcome = self._heartbeat.after(evaluated_at, now)
            self._turn_to(heartbeat, now)
        if outcome is BeatOutcome.ACCEPTED:
            self._metrics.heartbeat(evaluated_at)
        return outcome

    def record(self) -> tuple[HeartbeatRecord, Instant]:
        """The heartbeat, and the moment at which it was judged: now. A loss that shows at this moment is noted."""
        with self._lock:
            now = self._now()
            self._turn_to(self._heartbeat.at(now), now)
            return self._heartbeat, now

    @property
    def loss(self) -> HeartbeatLoss | None:
        """A loss whose halt is not known to be kept."""
        return self._loss

    def kept(self, loss: HeartbeatLoss | None) -> None:
        """The halt of `loss` is in the ledger; a later loss is not touched."""
        with self._lock:
            if self._loss is loss:
                self._loss = None

    def _now(self) -> Instant:
        return Instant(self._wall().timestamp(), self._monotonic_clock())

    def _turn_to(self, heartbeat: HeartbeatRecord, now: Instant) -> None:
        before, self._heartbeat = self._heartbeat, heartbeat
        if heartbeat.losses > before.losses:
            # `before` still has the heartbeat that grew too old: a new one may have come in the same step.
            age = before.age(now) or 0.0
            limit = f"the limit (heartbeat_timeout_seconds) is {heartbeat.limit_seconds:g} s"
            last = f"the last heartbeat of the monitoring was {age:.0f} s old, {limit}"
            self._loss = HeartbeatLoss(heartbeat.losses, f"{last}: nobody would have noticed a fault")
            log.warning("monitoring_lost", age_seconds=round(age, 1), limit_seconds=heartbeat.limit_seconds)
        elif heartbeat.state is HeartbeatState.FRESH and before.state is not HeartbeatState.FRESH:
            log.info("monitoring_heard", before=before.state.value)


def describe_heartbeat(heartbeat: HeartbeatRecord, now: Instant) -> str:
    """The heartbeat as a sentence, with the next step while it is blind."""
    match heartbeat.state:
        case HeartbeatState.NOT_REQUIRED:
            return "trading goes on whether it is watched or not: require_monitoring = false under [trading]"
        case HeartbeatState.FRESH:
            return f"the last heartbeat of the monitoring is {heartbeat.age(now) or 0.0:.0f} s old"
        case HeartbeatState.AWAITED:
            return (
                f"no heartbeat of the monitoring has come since the API started at {_clock(heartbeat.since.wall)}: "
                "trading begins by itself with the first. `investiq status` shows whether Prometheus and Alertmanager "
                f"run; {_SWITCH}"
            )
        case HeartbeatState.LOST:
            return (
                f"the last heartbeat of the monitoring is {heartbeat.age(now) or 0.0:.0f} s old, and "
                f"{heartbeat.limit_seconds:g} s are allowed. `investiq status` shows whether Prometheus and "
                f"Alertmanager run; {_SWITCH}"
            )


def _clock(wall: float) -> str:
    return f"{datetime.fromtimestamp(wall, UTC):%H:%M:%S} UTC"

"""Holds the pulse of the monitoring for several threads, and each loss of it until the ledger has kept the halt."""

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
from investiq.invest.trading.event_time import Wall
from investiq.invest.trading.heartbeat import Instant, Pulse
from investiq.invest.trading.metrics import Instruments

__all__ = ["HeartbeatMonitor", "Loss", "MonitoringLost", "Steady", "told"]

Steady = Callable[[], float]
"""Seconds from an arbitrary start; nobody sets it."""

_SWITCH = "`require_monitoring = false` under [trading] trades unwatched"

log = structlog.get_logger(__name__)


class MonitoringLost(InvestIQError):
    """Trading is not resumed while nobody watches it."""

    reason: ClassVar[str] = "monitoring_lost"


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss of the heartbeat, and the sentence that the halt is kept with."""

    number: int
    note: str


class HeartbeatMonitor:
    """See the module. Touches memory only: it answers while the database hangs."""

    def __init__(self, config: TradingConfig, instruments: Instruments, *, wall: Wall, steady: Steady) -> None:
        self._instruments = instruments
        self._wall = wall
        self._steady = steady
        self._lock = threading.Lock()
        self._loss: Loss | None = None
        self._pulse = Pulse.start(
            required=config.require_monitoring, limit_seconds=config.heartbeat_timeout_seconds, now=self._now()
        )
        instruments.monitoring_required(config.require_monitoring)

    def beat(self, evaluated_at: float) -> BeatOutcome:
        """Take a heartbeat that carries this time of evaluation, in Unix seconds."""
        with self._lock:
            now = self._now()
            pulse, outcome = self._pulse.after(evaluated_at, now)
            self._turn_to(pulse, now)
        if outcome is BeatOutcome.ACCEPTED:
            self._instruments.heartbeat(evaluated_at)
        return outcome

    def pulse(self) -> tuple[Pulse, Instant]:
        """The pulse, and the moment at which it was judged: now. A loss that shows at this moment is noted."""
        with self._lock:
            now = self._now()
            self._turn_to(self._pulse.at(now), now)
            return self._pulse, now

    @property
    def loss(self) -> Loss | None:
        """A loss whose halt is not known to be kept."""
        return self._loss

    def kept(self, loss: Loss | None) -> None:
        """The halt of `loss` is in the ledger; a later loss is not touched."""
        with self._lock:
            if self._loss is loss:
                self._loss = None

    def _now(self) -> Instant:
        return Instant(self._wall().timestamp(), self._steady())

    def _turn_to(self, pulse: Pulse, now: Instant) -> None:
        before, self._pulse = self._pulse, pulse
        if pulse.losses > before.losses:
            # `before` still has the heartbeat that grew too old: a new one may have come in the same step.
            age = before.age(now) or 0.0
            limit = f"the limit (heartbeat_timeout_seconds) is {pulse.limit_seconds:g} s"
            last = f"the last heartbeat of the monitoring was {age:.0f} s old, {limit}"
            self._loss = Loss(pulse.losses, f"{last}: nobody would have noticed a fault")
            log.error("monitoring lost", age_seconds=round(age, 1), limit_seconds=pulse.limit_seconds)
        elif pulse.state is HeartbeatState.FRESH and before.state is not HeartbeatState.FRESH:
            log.info("monitoring heard", before=before.state.value)


def told(pulse: Pulse, now: Instant) -> str:
    """The pulse as a sentence, with the next step while it is blind."""
    match pulse.state:
        case HeartbeatState.NOT_REQUIRED:
            return "trading goes on whether it is watched or not: require_monitoring = false under [trading]"
        case HeartbeatState.FRESH:
            return f"the last heartbeat of the monitoring is {pulse.age(now) or 0.0:.0f} s old"
        case HeartbeatState.AWAITED:
            return (
                f"no heartbeat of the monitoring has come since the API started at {_clock(pulse.since.wall)}: trading "
                "begins by itself with the first. `investiq status` shows whether Prometheus and Alertmanager run; "
                f"{_SWITCH}"
            )
        case HeartbeatState.LOST:
            return (
                f"the last heartbeat of the monitoring is {pulse.age(now) or 0.0:.0f} s old, and "
                f"{pulse.limit_seconds:g} s are allowed. `investiq status` shows whether Prometheus and Alertmanager "
                f"run; {_SWITCH}"
            )


def _clock(wall: float) -> str:
    return f"{datetime.fromtimestamp(wall, UTC):%H:%M:%S} UTC"

"""The heartbeat of the monitoring as a value: when Prometheus last evaluated its rules, and whether that is fresh.

Judged by the time of evaluation that the heartbeat carries, never by its arrival: Alertmanager goes on sending the last
one that it heard of for minutes after Prometheus died. Two clocks count the age, and the larger one holds:

- the time of day, which every heartbeat is stamped with, and which goes on while the machine sleeps;
- a steady clock from the arrival on, which nobody can set back. When the time of day is set back, an old heartbeat does
  not become young again, and the next one, stamped with the corrected time, still replaces it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from investiq.foundation.contract.heartbeat import FUTURE_SECONDS
from investiq.foundation.vocabulary import BeatOutcome, HeartbeatState

__all__ = ["Heartbeat", "HeartbeatRecord", "Instant"]


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment on both clocks: `wall` in Unix seconds, `monotonic` in seconds from an arbitrary start."""

    wall: float
    monotonic: float


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A heartbeat: evaluated at `evaluated_at` (Unix seconds), delivered at `received`."""

    evaluated_at: float
    received: Instant

    def age(self, now: Instant) -> float:
        """Seconds since its evaluation, never below zero, whatever was done to the time of day meanwhile."""
        when_received = max(self.received.wall - self.evaluated_at, 0.0)
        return max(now.wall - self.evaluated_at, when_received + now.monotonic - self.received.monotonic)


@dataclass(frozen=True, slots=True)
class HeartbeatRecord:
    """The heartbeats so far, judged at one moment.

    Attributes:
        limit_seconds: age from which the last heartbeat is no longer fresh.
        since: when `state` began.
        losses: how often a fresh heartbeat was lost.
    """

    limit_seconds: float
    state: HeartbeatState
    since: Instant
    beat: Heartbeat | None = None
    losses: int = 0

    @classmethod
    def start(cls, *, required: bool, limit_seconds: float, now: Instant) -> HeartbeatRecord:
        """What is known when a process starts: nothing."""
        return cls(limit_seconds, HeartbeatState.AWAITED if required else HeartbeatState.NOT_REQUIRED, now)

    @property
    def is_blind(self) -> bool:
        """Nobody would notice a fault: nothing may be entered."""
        return self.state in (HeartbeatState.AWAITED, HeartbeatState.LOST)

    def is_blind_for_long(self, now: Instant) -> bool:
        """It has been blind for as long as a heartbeat may be old; at a start, that much patience is due."""
        return self.state is HeartbeatState.LOST or (self.is_blind and self.lasts(now) > self.limit_seconds)

    def lasts(self, now: Instant) -> float:
        """Seconds for which `state` has been what it is, by the clock that counts more."""
        return max(now.wall - self.since.wall, now.monotonic - self.since.monotonic)

    def at(self, now: Instant) -> HeartbeatRecord:
        """Judged anew at `now`."""
        state = self._judge(now)
        if state is self.state:
            return self
        lost = state is HeartbeatState.LOST
        return replace(self, state=state, since=now, losses=self.losses + lost)

    def after(self, evaluated_at: float, now: Instant) -> tuple[HeartbeatRecord, BeatOutcome]:
        """With a heartbeat that is delivered at `now`.

        A gap before it that was too long counts as a loss, even if nobody looked while it lasted.
        """
        judged = self.at(now)
        if not math.isfinite(evaluated_at) or evaluated_at <= 0:
            return judged, BeatOutcome.MALFORMED
        if evaluated_at - now.wall > FUTURE_SECONDS:
            return judged, BeatOutcome.FUTURE
        delivered = Heartbeat(evaluated_at, now)
        # The younger one counts, not the later when: after the time of day was set back, each new when is earlier.
        if judged.beat is not None and (
            evaluated_at == judged.beat.evaluated_at or delivered.age(now) >= judged.beat.age(now)
        ):
            return judged, BeatOutcome.REPEATED
        return replace(judged, beat=delivered).at(now), BeatOutcome.ACCEPTED

    def age(self, now: Instant) -> float | None:
        """Seconds since the last evaluation that is known of; None before the first."""
        return None if self.beat is None else self.beat.age(now)

    def _judge(self, now: Instant) -> HeartbeatState:
        if self.state is HeartbeatState.NOT_REQUIRED:
            return HeartbeatState.NOT_REQUIRED
        if self.beat is not None and self.beat.age(now) <= self.limit_seconds:
            return HeartbeatState.FRESH
        return HeartbeatState.AWAITED if self.state is HeartbeatState.AWAITED else HeartbeatState.LOST

"""Market time: replayed, or the time of day.

A replay gives every session the same stretch of wall time. Session i of the replay occupies positions i to i + 1; the
first 80 % of it run evenly from the session's open to its close, the rest from the close to the next session's open.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

import structlog

from investiq.invest.market.calendar import Session
from investiq.invest.market.replay_state import ReplayState, ReplayStateError, StartMismatch, read_state, write_state

__all__ = ["Clock", "ReplayClock", "StoppedClock", "WallClock", "replay_now", "replay_time"]

_log = structlog.get_logger(__name__)

_OPEN_SHARE = 0.8
_LEASE_SECONDS = 1.0


class Clock(Protocol):
    """Where market time comes from. It never runs backwards."""

    @property
    def name(self) -> str:
        """How configuration calls it."""

    @property
    def ends_at(self) -> datetime | None:
        """The close after which this market never opens again; None when it has no end."""

    @property
    def session_seconds(self) -> float | None:
        """Wall seconds that one session takes; None when market time is wall time."""

    def now(self) -> datetime:
        """Market time, aware, UTC."""


class WallClock:
    """The time of day."""

    name = "wall"
    ends_at: datetime | None = None
    session_seconds: float | None = None

    def now(self) -> datetime:
        return datetime.now(UTC)


class StoppedClock:
    """Another clock as it stood at one moment.

    Args:
        at: the moment, not later than that clock's now; by default its now.
    """

    def __init__(self, clock: Clock, at: datetime | None = None) -> None:
        self.name = clock.name
        self.ends_at = clock.ends_at
        self.session_seconds = clock.session_seconds
        self._now = at or clock.now()

    def now(self) -> datetime:
        return self._now


def replay_time(sessions: Sequence[Session], position: float) -> datetime:
    """The market time at `position`, which counts sessions from the first; after the last one, its close for ever."""
    index = int(position)
    if index >= len(sessions):
        return sessions[-1].close
    session, share = sessions[index], position - index
    if share < _OPEN_SHARE:
        return session.open + (session.close - session.open) * (share / _OPEN_SHARE)
    if index + 1 == len(sessions):
        return session.close
    night = sessions[index + 1].open - session.close
    return session.close + night * ((share - _OPEN_SHARE) / (1 - _OPEN_SHARE))


def replay_now(sessions: Sequence[Session], session_seconds: float, state_file: Path) -> datetime:
    """Where a replay stands, as another process sees it: what it has kept, less the most that it may be behind that.

    Raises:
        ReplayStateError: the state file cannot be read.
    """
    state = read_state(state_file)
    ahead = _LEASE_SECONDS / session_seconds
    return replay_time(sessions, 0.0 if state is None else max(0.0, state.position - ahead))


class ReplayClock:
    """Replays `sessions` at `session_seconds` of wall time each, and goes on after a restart where it was.

    The position kept on disk is a *lease*: the clock promises not to read past it before a later one is kept. A restart
    resumes at the lease, so market time never runs backwards, also after SIGKILL or a power cut, and at most one second
    of replay is skipped; `close()` keeps the exact position, so a clean stop skips nothing. Time while stopped does
    not count. Several threads may read the clock; one process only may own a state file.

    Args:
        sessions: ascending, from the replay's first session to the last session of the data.
        session_seconds: wall seconds that one session takes. It may differ from one run to the next.
        state_file: where the lease is kept; its folder is made when missing.
        wall_seconds: a steady count of wall seconds; tests give their own.

    Raises:
        StartMismatch: the state file belongs to a replay with another first session.
        ReplayStateError: the state file cannot be read or written.
    """

    name = "replay"

    def __init__(
        self,
        sessions: Sequence[Session],
        session_seconds: float,
        state_file: Path,
        wall_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._session_seconds = session_seconds
        self._state_file = state_file
        self._wall_seconds = wall_seconds
        self._lock = threading.Lock()  # of the position
        self._writing = threading.Lock()  # of the state file and the lease; taken before the other
        self._closed = False
        self._resumed_at = self._position = self._lease = _resume(state_file, sessions[0].day)
        self._started = wall_seconds()
        self._keep(self._lease_from(self._position))

    @property
    def ends_at(self) -> datetime:
        return self._sessions[-1].close

    @property
    def session_seconds(self) -> float:
        return self._session_seconds

    def now(self) -> datetime:
        """Market time.

        Raises:
            ReplayStateError: the lease has run out and a new one cannot be kept (disk full, folder gone).
        """
        with self._lock:
            position = self._reached()
        self._ensure_lease(position)
        with self._lock:
            if not self._closed:  # meanwhile
                self._position = max(self._position, position)
            return replay_time(self._sessions, self._position)

    def close(self) -> None:
        """Stop market time and keep its exact position."""
        with self._writing, self._lock:
            if not self._closed:
                self._position = self._reached()
                self._keep(self._position)
                self._closed = True

    def _reached(self) -> float:
        """The position that wall time has come to; never less than the one given last."""
        if self._closed or self._position >= len(self._sessions):
            return self._position
        position = self._resumed_at + (self._wall_seconds() - self._started) / self._session_seconds
        return max(self._position, min(position, float(len(self._sessions))))

    def _ensure_lease(self, position: float) -> None:
        """Keep a later lease once half of this one is used; failing is serious only when `position` is beyond it."""
        # The disk may be slow: while one thread writes, the others go on with what is left of the lease.
        if self._is_fresh(position) or not self._writing.acquire(blocking=position > self._lease):
            return
        try:
            if not self._closed and not self._is_fresh(position):
                self._keep(self._lease_from(position))
        except ReplayStateError as error:
            if position > self._lease:
                raise
            _log.warning("replay_lease_not_renewed", error=error.message)
        finally:
            self._writing.release()

    def _is_fresh(self, position: float) -> bool:
        longest = self._lease_from(position)
        return longest - self._lease <= (longest - position) / 2

    def _lease_from(self, position: float) -> float:
        return min(position + _LEASE_SECONDS / self._session_seconds, max(position, float(len(self._sessions))))

    def _keep(self, position: float) -> None:
        write_state(self._state_file, ReplayState(start=self._sessions[0].day, position=position))
        self._lease = position


def _resume(state_file: Path, start: date) -> float:
    state = read_state(state_file)
    if state is None:
        return 0.0
    if state.start != start:
        raise StartMismatch(state_file, kept=state.start, asked=start)
    return state.position

"""Makes a backup and proves it, again and again, each in a process of its own that ends in a bounded time."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field

import structlog

from investiq.clients.api.connection import connect
from investiq.foundation.config import Config
from investiq.foundation.errors import InvestIQError
from investiq.foundation.subprocesses import leashed
from investiq.foundation.vocabulary import MarketPhase
from investiq.operate.backup import state as known
from investiq.operate.backup.state import BackupState

__all__ = ["LONGEST_TURNS", "DueTime", "keep_schedule", "make_one", "wait_for_close"]

_log = structlog.get_logger(__name__)

_COMMAND = (sys.executable, "-m", "investiq", "--no-input", "backup", "--verify")
_SETTLED_SECONDS = 90.0
"""After a start: the questions are about a minute before, when everything was scraped already."""
_RETRY_SECONDS = 900.0
_SLACK_SECONDS = 600.0
"""For all that a backup and its verification do besides what is bounded by backup.max_hours."""
_END_SECONDS = 10.0
"""For a backup that is ended to remove what it has copied; less than the supervisor gives to this process."""
_GLANCE_SECONDS = 60.0
LONGEST_TURNS = 2
"""A backup and its verification may each take backup.max_hours."""


@dataclass(slots=True)
class DueTime:
    """When the next backup is due: by the time of day, and no later by a clock that nobody sets.

    Attributes:
        interval: seconds from one backup to the next.
    """

    interval: float
    _tried: float | None = field(default=None, init=False)
    _latest: float = field(default=0.0, init=False)

    def seconds_left(self, state: BackupState, now: float, steady: float) -> float:
        """How long to wait: an interval since the last try, or a quarter of an hour after one that failed.

        Args:
            now: Unix time; after a clock was set back, the last try may lie years ahead of it.
            steady: seconds since any moment.
        """
        wait = min(_RETRY_SECONDS, self.interval) if state.failed else self.interval
        left = min(state.tried + wait - now, wait)
        if state.tried != self._tried:  # also one that was made by hand
            self._tried, self._latest = state.tried, steady + left
        return max(0.0, min(left, self._latest - steady))


def keep_schedule(config: Config) -> None:
    """Go on until this process is ended."""
    due = DueTime(config.backup_interval_seconds)
    time.sleep(min(_SETTLED_SECONDS, due.interval))
    while True:
        left = due.seconds_left(known.read(config), time.time(), time.monotonic())
        if left > 0:
            time.sleep(min(left, _GLANCE_SECONDS))
            continue
        wait_for_close(config)
        if make_one(config) != 0:
            time.sleep(min(_RETRY_SECONDS, due.interval))


def wait_for_close(config: Config) -> None:
    """In a replay, wait for the end of the session that is open, so that each backup is of the end of a day.

    An API that does not answer is no reason to wait.
    """
    if config.market.clock != "replay":
        return
    session = config.market.session_seconds
    deadline = time.monotonic() + session
    while time.monotonic() < deadline and _is_open(config):
        time.sleep(min(max(session / 50, 0.1), _GLANCE_SECONDS))


def _is_open(config: Config) -> bool:
    try:
        with connect(config) as api:
            return api.market()["phase"] == MarketPhase.OPEN
    except InvestIQError as error:
        _log.warning("market_unknown", error=error.message)
        return False


def make_one(config: Config, command: tuple[str, ...] = _COMMAND) -> int:
    """Make one and prove it; the exit code, negative where it had to be ended.

    Args:
        command: that does it.
    """
    limit = LONGEST_TURNS * config.backup.max_hours * 3600 + _SLACK_SECONDS
    _log.info("backup_begins")
    with subprocess.Popen(leashed(command), stdin=subprocess.DEVNULL) as process:
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            _log.error("backup_hangs", limit_seconds=limit, fix="see whether the repository can be reached")
        finally:
            _end(process)
    state = known.read(config)
    _log.info("backup_ended", code=process.returncode, failed=state.failed, doubted=state.doubted)
    return process.returncode


def _end(process: subprocess.Popen[bytes]) -> None:
    """Have it remove what it has copied; this process may itself be at its end."""
    process.terminate()  # one that has ended gets no signal
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()

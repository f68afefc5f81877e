"""Makes a backup and proves it, again and again, each in a process of its own that ends in a bounded time."""

from __future__ import annotations

import subprocess
import sys
import time

import structlog

from investiq.foundation.config import Config
from investiq.foundation.subprocesses import leashed
from investiq.operate.backup import state as known
from investiq.operate.backup.state import BackupState

__all__ = ["keep_schedule", "seconds_until_due"]

_log = structlog.get_logger(__name__)

SETTLED_SECONDS = 90.0
"""After a start: the questions are about a minute before, when everything was scraped already."""
_RETRY_SECONDS = 900.0
_TURNS = 2
"""A backup and its verification may each take backup.max_hours."""


def seconds_until_due(state: BackupState, interval: float, now: float) -> float:
    """How long to wait: an interval since the last backup, or a quarter of an hour after one that failed."""
    wait = min(_RETRY_SECONDS, interval) if state.failed else interval
    return max(0.0, min(state.tried + wait - now, wait))  # a clock that was set back must not wait for years


def keep_schedule(config: Config) -> None:
    """Go on until this process is ended."""
    time.sleep(min(SETTLED_SECONDS, config.backup_interval_seconds))
    while True:
        wait = seconds_until_due(known.read(config), config.backup_interval_seconds, time.time())
        if wait > 0:
            time.sleep(min(wait, 60.0))  # the time of day may jump, and a backup may be made by hand
            continue
        _make_one(config)


def _make_one(config: Config) -> None:
    limit = _TURNS * config.backup.max_hours * 3600 + 600
    command = leashed((sys.executable, "-m", "investiq", "--no-input", "backup", "--verify"))
    _log.info("backup_begins")
    try:
        code = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=limit, check=False).returncode
    except subprocess.TimeoutExpired:
        code = -1
        _log.error("backup_hangs", limit_seconds=limit, fix="see whether the repository can be reached")
    state = known.read(config)
    _log.info("backup_ended", code=code, failed=state.failed, doubted=state.doubted)
    if code != 0:
        time.sleep(min(_RETRY_SECONDS, config.backup_interval_seconds))

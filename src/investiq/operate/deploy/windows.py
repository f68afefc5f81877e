"""Deploy windows: one silence of what a planned restart of our parts fires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from investiq.clients.alertmanager.client import Silences
from investiq.clients.alertmanager.silence import DEPLOY_COMMENT, Silence
from investiq.monitoring.routing.silencing import deploy_matchers

__all__ = ["end_windows", "open_window"]


def open_window(silences: Silences, length: timedelta, by: str, reason: str) -> Silence:
    """Silence what a restart fires. A window that is open already now ends so long from now.

    Raises:
        AlertmanagerUnreachable: as of everything that asks Alertmanager.
    """
    now = datetime.now(UTC)
    window = Silence("", deploy_matchers(), by, DEPLOY_COMMENT + reason, starts_at=now, ends_at=now + length)
    return silences.put(window, next((silence for silence in silences.open() if silence.is_window), None))


def end_windows(silences: Silences) -> list[Silence]:
    """End every deploy window, and say which there were.

    Raises:
        AlertmanagerUnreachable: as of everything that asks Alertmanager.
    """
    windows = [silence for silence in silences.open() if silence.is_window]
    for window in windows:
        silences.end(window)
    return windows

"""Deploy windows: one silence of what a planned restart of our parts fires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from investiq.clients.alertmanager.client import Alertmanager
from investiq.clients.alertmanager.silence import DEPLOY_COMMENT, DEPLOY_MATCHERS, Silence
from investiq.foundation.config import Config

__all__ = ["end_windows", "open_window"]


async def open_window(config: Config, length: timedelta, by: str, reason: str) -> Silence:
    """Silence what a restart fires. A window that is open already now ends so long from now.

    Raises:
        ClientError: Alertmanager does not answer, or not as it should.
    """
    now = datetime.now(UTC)
    window = Silence("", DEPLOY_MATCHERS, by, DEPLOY_COMMENT + reason, starts_at=now, ends_at=now + length)
    async with Alertmanager.of(config) as alertmanager:
        return await alertmanager.put_silence(window, next(iter(await _windows(alertmanager)), None))


async def end_windows(config: Config) -> list[Silence]:
    """End every deploy window, and say which there were.

    Raises:
        ClientError: Alertmanager does not answer, or not as it should.
    """
    async with Alertmanager.of(config) as alertmanager:
        windows = await _windows(alertmanager)
        for window in windows:
            await alertmanager.end_silence(window)
        return windows


async def _windows(alertmanager: Alertmanager) -> list[Silence]:
    return [silence for silence in await alertmanager.open_silences() if silence.is_window]

"""What was counted in a month: asked of the Prometheus of this installation."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from investiq.clients.prometheus import Prometheus
from investiq.foundation.config import Config
from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry.catalogue import PROVIDER_CALLS
from investiq.foundation.topology import PROMETHEUS
from investiq.monitoring.exporters.alertmanager import NOTIFICATIONS
from investiq.monitoring.exporters.prometheus import BLOCK_BYTES
from investiq.monitoring.selectors import series
from investiq.operate.cost.bill import Bill, Usage, bill
from investiq.promql.matcher import not_matching

__all__ = ["NoSuchMonth", "month_of", "read_bill"]

_GIB = 1024**3
_MONTH = re.compile(r"([1-9][0-9]{3})-(0[1-9]|1[0-2])")
_OURS = not_matching("integration", "webhook")
"""Webhooks are the inbox and the heartbeat, which cost nothing, and one of the user's own server."""
_STEP_SECONDS = 60


class NoSuchMonth(InvestIQError):
    """No month, or one that has not begun."""

    reason = "usage"


def month_of(text: str | None, now: datetime) -> tuple[datetime, datetime]:
    """The first moment of a month, `2026-11`, and of the next one; default: that of `now`.

    Raises:
        NoSuchMonth: it is none, or in the future.
    """
    match = _MONTH.fullmatch(f"{now:%Y-%m}" if text is None else text)
    if match is None:
        raise NoSuchMonth(f"{text!r} is no month: expected YYYY-MM, such as {now:%Y-%m}")
    year, month = int(match[1]), int(match[2])
    start = datetime(year, month, 1, tzinfo=UTC)
    if start > now:
        raise NoSuchMonth(f"{start:%Y-%m} has not begun")
    return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


async def read_bill(config: Config, month: str | None) -> Bill:
    """The bill of a month so far.

    Raises:
        NoSuchMonth: it is none.
        ClientError: Prometheus does not answer.
    """
    async with Prometheus.of(config) as prometheus:
        now = await prometheus.date()
        start, end = month_of(month, now)
        until = min(now, end)
        usage = await _usage(prometheus, until.timestamp(), until - start, end - start)
    return bill(f"{start:%Y-%m}", usage, config.cost)


async def _usage(prometheus: Prometheus, at: float, length: timedelta, whole: timedelta) -> Usage:
    seconds = max(_STEP_SECONDS, round(length.total_seconds()))
    window, steps = f"[{seconds}s]", f"[{seconds}s:{_STEP_SECONDS}s]"
    minutes = await _one(prometheus, f'max(count_over_time(up{{job="{PROMETHEUS.job}"}}{steps}))', at)
    watched = min(1.0, (minutes or 0.0) * _STEP_SECONDS / whole.total_seconds())
    stored = await _one(prometheus, f"sum(avg_over_time({series(BLOCK_BYTES)}{window}))", at)
    return Usage(
        provider_calls=await _one(prometheus, f"sum(increase({series(PROVIDER_CALLS)}{window}))", at),
        notifications=await _one(prometheus, f"sum(increase({series(NOTIFICATIONS, _OURS)}{window}))", at),
        storage_gib_months=None if stored is None else stored / _GIB * watched,
        watched=watched,
    )


async def _one(prometheus: Prometheus, expression: str, at: float) -> float | None:
    found = await prometheus.query(expression, at)
    return found[0].value if found and found[0].is_number else None

"""Tells people that the monitoring is lost, and when it is back: the pages that would come from it cannot come.

Looks at the heartbeat once a second, beside the trading loop and without the database, so that neither holds it up.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime

from investiq.clients.notify import Notice
from investiq.foundation import topology
from investiq.foundation.config.schema import Config
from investiq.foundation.contract.heartbeat import LOST_NAME, LOST_SUMMARY
from investiq.foundation.vocabulary import AlertStatus, HeartbeatState, Part, Severity, Subject
from investiq.invest.trading.heartbeat import HeartbeatRecord, Instant
from investiq.invest.trading.heartbeat_monitor import describe_heartbeat

__all__ = ["HeartbeatNotifier"]

_DEAF = "While this lasts, nothing else pages, and what is said to be resolved may not be."
"""Alertmanager takes for over what Prometheus no longer says: within a minute after that died, all that fired."""

_PATIENCE = 2.0
"""In limits: a start gets twice the time that a heartbeat has. The alert of the same name waits as long."""


class HeartbeatNotifier:
    """Decides what is to be told; `enqueue` gets each notice once."""

    def __init__(
        self,
        config: Config,
        heartbeat: Callable[[], tuple[HeartbeatRecord, Instant]],
        enqueue: Callable[[Notice], None],
    ) -> None:
        self._config = config
        self._heartbeat = heartbeat
        self._enqueue = enqueue
        self._losses = 0
        self._since: datetime | None = None
        self._notified = False

    def inherit(self, since: datetime) -> None:
        """An earlier process may have told of a loss that began then: this one is to tell of its end."""
        self._since = since

    def check(self) -> None:
        """Look at the heartbeat once.

        1. Tells of a loss that was not told yet: the heartbeat is lost, was lost since the last look, or never came.
        2. Tells of its end when the heartbeat is fresh again.
        """
        heartbeat, now = self._heartbeat()
        if not self._notified and (heartbeat.losses > self._losses or _waits_in_vain(heartbeat, now)):
            # A loss that is over already was seen by nobody, and halted trading all the same.
            self._since = self._since or _time(heartbeat.since if heartbeat.is_blind else now)
            self._notified = True
            self._notify(AlertStatus.FIRING, heartbeat, now)
        self._losses = heartbeat.losses
        if self._since is not None and heartbeat.state is HeartbeatState.FRESH:
            self._notify(AlertStatus.RESOLVED, heartbeat, now)
            self._since, self._notified = None, False

    def _notify(self, status: AlertStatus, heartbeat: HeartbeatRecord, now: Instant) -> None:
        over = status is AlertStatus.RESOLVED
        summary = "the API hears the monitoring again" if over else LOST_SUMMARY
        source = f"{socket.gethostname()} ({topology.API.target(self._config)})"
        self._enqueue(
            Notice(
                status=status,
                key=f"investiq/{LOST_NAME}/{source}",
                alertname=LOST_NAME,
                severity=Severity.CRITICAL,
                subject=Subject.TRADING.value,
                service=Part.API.value,
                source=source,
                summary=summary,
                description=_description(over, heartbeat, now),
                since=self._since or _time(now),
                until=_time(now) if over else None,
                runbook=f"{topology.console_url(self._config)}/runbooks/{Subject.TRADING}/{LOST_NAME}",
                console=f"{topology.console_url(self._config)}/operations/{Subject.TRADING}",
            )
        )


def _waits_in_vain(heartbeat: HeartbeatRecord, now: Instant) -> bool:
    return heartbeat.state is HeartbeatState.AWAITED and heartbeat.lasts(now) > _PATIENCE * heartbeat.limit_seconds


def _description(over: bool, heartbeat: HeartbeatRecord, now: Instant) -> str:
    known = _sentence(describe_heartbeat(heartbeat, now))
    if over:
        return f"{known} Trading that was halted for it stays halted until somebody resumes it."
    halted = "entries are denied, exits are allowed"
    if heartbeat.is_blind:
        return f"{known} Trading is halted: {halted}. {_DEAF}"
    # How old the last heartbeat is by now would contradict the news.
    lost = f"For a moment the last heartbeat of the monitoring was older than the {heartbeat.limit_seconds:g} s allowed"
    return f"{lost}. It is heard again. Trading stays halted until somebody resumes it: {halted}."


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _time(moment: Instant) -> datetime:
    return datetime.fromtimestamp(moment.wall, UTC)

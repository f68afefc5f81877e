"""Tells people that the monitoring is lost, and when it is back: the pages that would come from it cannot come.

Looks at the pulse once a second, beside the trading loop and without the database, so that neither holds it up.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from investiq.clients.notify import Notice
from investiq.foundation.config import addresses
from investiq.foundation.config.schema import Config
from investiq.foundation.vocabulary import HeartbeatState, Part, Subject
from investiq.invest.trading.heartbeat import Instant, Pulse
from investiq.invest.trading.heartbeat_monitor import told

__all__ = ["Lookout"]

ALERTNAME = "MonitoringHeartbeatLost"
"""The name of the alert for the same fault, and so of its runbook."""

_DEAF = "While this lasts, nothing else pages, and what is said to be resolved may not be."
"""Alertmanager takes for over what Prometheus no longer says: within a minute after that died, all that fired."""

_PATIENCE = 2.0
"""In limits: a start gets twice the time that a heartbeat has. The alert of the same name waits as long."""


class Lookout:
    """Decides what is to be told; `hand_over` gets each notice once."""

    def __init__(
        self, config: Config, pulse: Callable[[], tuple[Pulse, Instant]], hand_over: Callable[[Notice], None]
    ) -> None:
        self._config = config
        self._pulse = pulse
        self._hand_over = hand_over
        self._losses = 0
        self._since: datetime | None = None
        self._told = False

    def inherit(self, since: datetime) -> None:
        """An earlier process may have told of a loss that began then: this one is to tell of its end."""
        self._since = since

    def look(self) -> None:
        """One look."""
        pulse, now = self._pulse()
        if not self._told and (pulse.losses > self._losses or _waits_in_vain(pulse, now)):
            # A loss that is over already was seen by nobody, and halted trading all the same.
            self._since = self._since or _time(pulse.since if pulse.is_blind else now)
            self._told = True
            self._tell("firing", pulse, now)
        self._losses = pulse.losses
        if self._since is not None and pulse.state is HeartbeatState.FRESH:
            self._tell("resolved", pulse, now)
            self._since, self._told = None, False

    def _tell(self, status: Literal["firing", "resolved"], pulse: Pulse, now: Instant) -> None:
        over = status == "resolved"
        summary = "the API hears the monitoring again" if over else "the API does not hear the monitoring"
        source = f"{socket.gethostname()} ({addresses.api(self._config)})"
        self._hand_over(
            Notice(
                status=status,
                key=f"investiq/{ALERTNAME}/{source}",
                alertname=ALERTNAME,
                severity="critical",
                subject=Subject.TRADING.value,
                service=Part.API.value,
                source=source,
                summary=summary,
                description=_description(over, pulse, now),
                since=self._since or _time(now),
                until=_time(now) if over else None,
                runbook=f"{addresses.console(self._config)}/runbooks/{Subject.TRADING}/{ALERTNAME}",
                console=f"{addresses.console(self._config)}/operations/{Subject.TRADING}",
            )
        )


def _waits_in_vain(pulse: Pulse, now: Instant) -> bool:
    return pulse.state is HeartbeatState.AWAITED and pulse.lasts(now) > _PATIENCE * pulse.limit_seconds


def _description(over: bool, pulse: Pulse, now: Instant) -> str:
    if over:
        return f"{_sentence(told(pulse, now))} Trading that was halted for it stays halted until somebody resumes it."
    halted = "entries are denied, exits are allowed"
    if pulse.is_blind:
        return f"{_sentence(told(pulse, now))} Trading is halted: {halted}. {_DEAF}"
    # How old the last heartbeat is by now would contradict the news.
    lost = f"For a moment the last heartbeat of the monitoring was older than the {pulse.limit_seconds:g} s allowed"
    return f"{lost}. It is heard again. Trading stays halted until somebody resumes it: {halted}."


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _time(moment: Instant) -> datetime:
    return datetime.fromtimestamp(moment.wall, UTC)

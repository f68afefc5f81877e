"""Looks after the silences in Alertmanager: whoever may silence can silence everything, also the alert about that.

What is too broad becomes a metric, for which SilenceTooBroad pages. Where the silence mutes that page too, the API
tells people itself, as it does of a lost heartbeat.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from investiq.clients.alertmanager.silence import Silence
from investiq.clients.notify import Notice
from investiq.clients.session import ClientError
from investiq.foundation import topology
from investiq.foundation.config.schema import Config
from investiq.foundation.contract.silences import BROAD_NAME, BROAD_SUMMARY
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import AlertStatus, Part, Severity, SilenceFault, Subject

__all__ = ["SilenceWatch"]

_SHOWN = 3


class SilenceWatch:
    """Judges the silences; `enqueue` gets a notice when the first that hides its own page comes, and the last goes.

    Args:
        silences: those that are open.
        now: time of day.
    """

    def __init__(
        self,
        config: Config,
        silences: Callable[[], Awaitable[Sequence[Silence]]],
        enqueue: Callable[[Notice], None],
        metrics: Metrics,
        now: Callable[[], datetime],
    ) -> None:
        self._config = config
        self._silences = silences
        self._enqueue = enqueue
        self._gauge = metrics.gauge(catalogue.BROAD_SILENCES)
        self._now = now
        self._hidden_since: datetime | None = None

    async def check(self) -> None:
        """Look once.

        1. Asks for the silences; an Alertmanager that does not answer leaves everything as it was last known.
        2. Counts those that are too broad, by why.
        3. Tells people of the first that hides the page about it, and when none does any more.
        """
        try:
            silences = await self._silences()
        except ClientError:
            return  # its death has alerts of its own
        now = self._now()
        broad = {silence: faults for silence in silences if (faults := _faults(silence, now))}
        counted = Counter(fault for faults in broad.values() for fault in faults)
        for fault in SilenceFault:
            self._gauge.labels(fault.value).set(counted[fault])
        self._tell([silence for silence, faults in broad.items() if self._hides_itself(silence, faults)], now)

    def _hides_itself(self, silence: Silence, faults: Sequence[SilenceFault]) -> bool:
        return any(silence.covers(self._labels(fault)) for fault in faults)

    def _labels(self, fault: SilenceFault) -> Mapping[str, str]:
        """Of the page about it."""
        severity = Severity.WARNING if fault is SilenceFault.LONG else Severity.CRITICAL
        return {
            "alertname": BROAD_NAME,
            "severity": severity.value,
            "subject": Subject.MONITORING.value,
            "service": Part.API.value,
            "job": Part.API.value,
            "instance": topology.API.target(self._config),
            "reason": fault.value,
        }

    def _tell(self, hiding: Sequence[Silence], now: datetime) -> None:
        if hiding and self._hidden_since is None:
            self._hidden_since = now
            self._enqueue(self._notice(AlertStatus.FIRING, _described(hiding), now))
        elif not hiding and self._hidden_since is not None:
            over = "Pages are heard again. What fired meanwhile and still does is told within its next interval."
            self._enqueue(self._notice(AlertStatus.RESOLVED, over, now))
            self._hidden_since = None

    def _notice(self, status: AlertStatus, description: str, now: datetime) -> Notice:
        over = status is AlertStatus.RESOLVED
        console = topology.console_url(self._config)
        source = f"{socket.gethostname()} ({topology.API.target(self._config)})"
        return Notice(
            status=status,
            key=f"investiq/{BROAD_NAME}/{source}",
            alertname=BROAD_NAME,
            severity=Severity.CRITICAL,
            subject=Subject.MONITORING.value,
            service=Part.API.value,
            source=source,
            summary="no silence mutes everything any more" if over else BROAD_SUMMARY,
            description=description,
            since=self._hidden_since or now,
            until=now if over else None,
            runbook=f"{console}/runbooks/{Subject.MONITORING}/{BROAD_NAME}",
            console=f"{console}/operations/{Subject.MONITORING}",
        )


def _faults(silence: Silence, now: datetime) -> tuple[SilenceFault, ...]:
    return silence.faults(now) if silence.starts_at <= now < silence.ends_at else ()


def _described(hiding: Sequence[Silence]) -> str:
    """What is silenced, by whom and until when, and how to end it."""
    told = [
        f"{silence.by} silenced {silence.what} until {silence.ends_at:%Y-%m-%d %H:%M} UTC: "
        f"`investiq unsilence {silence.id[:8]}` ends it."
        for silence in hiding[:_SHOWN]
    ]
    more = [f"There are {len(hiding) - _SHOWN} more: `investiq silences`."] if len(hiding) > _SHOWN else []
    return " ".join(["Pages may reach nobody, this one included, but for this direct notice.", *told, *more])

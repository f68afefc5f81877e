"""What is told: that something began, or that it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from investiq.foundation.vocabulary import AlertStatus, Severity

__all__ = ["Notice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message about one fault, when it begins or when it is over; the same `key` in both.

    Attributes:
        key: which fault it is, also over restarts: an incident that one process opens, the next one closes.
        alertname, severity, subject, service: as in a page of Alertmanager, so that it is read like one.
        source: where the fault is, as people call the machine.
        since, until: time of day; `until` is None while it lasts.
        runbook: address of its runbook, for a phone.
        console: where to look.
        trace_id: of the trace in which it is told; empty where nothing traces.
    """

    status: AlertStatus
    key: str
    alertname: str
    severity: Severity
    subject: str
    service: str
    source: str
    summary: str
    description: str
    since: datetime
    until: datetime | None
    runbook: str
    console: str
    trace_id: str = ""

    @property
    def title(self) -> str:
        """One line, in the words of Alertmanager's notifications."""
        word = self.severity.upper() if self.status == AlertStatus.FIRING else "RESOLVED"
        return f"{word}: {self.alertname} {self.service}"

"""Notices as the API hands them over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from investiq.clients.notify import Notice

BEGAN = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)
ENDED = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)


def notice(**changes: Any) -> Notice:
    """A lost heartbeat; keywords replace its fields."""
    fields: dict[str, Any] = {
        "status": "firing",
        "key": "investiq/MonitoringHeartbeatLost/here",
        "alertname": "MonitoringHeartbeatLost",
        "severity": "critical",
        "subject": "trading",
        "service": "investiq-api",
        "source": "here (127.0.0.1:3000)",
        "summary": "no heartbeat from the monitoring has reached the API",
        "description": "The last heartbeat of the monitoring is 31 s old.",
        "since": BEGAN,
        "until": None,
        "runbook": "http://127.0.0.1:8050/runbooks/trading/MonitoringHeartbeatLost",
        "console": "http://127.0.0.1:8050/operations",
    }
    return Notice(**(fields | changes))


def over(**changes: Any) -> Notice:
    """The same fault, when it is over."""
    return notice(status="resolved", until=ENDED, **changes)

"""Webhooks as Alertmanager sends them."""

from __future__ import annotations

from typing import Any

from investiq.foundation.contract.heartbeat import WATCHDOG_LABELS, WATCHDOG_NAME

STARTED = "2026-03-02T09:00:00.123456789Z"
NEVER = "0001-01-01T00:00:00Z"


def alert(name: str = "ServiceDown", status: str = "firing", **changes: Any) -> dict[str, Any]:
    """One alert of a webhook; keywords replace its fields."""
    return {
        "status": status,
        "labels": dict(WATCHDOG_LABELS)
        if name == WATCHDOG_NAME
        else {"alertname": name, "severity": "critical", "service": "investiq-api"},
        "annotations": {"summary": f"{name} happened"},
        "startsAt": STARTED,
        "endsAt": "2026-03-02T09:05:00Z" if status == "resolved" else NEVER,
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": f"fingerprint-of-{name}",
        **changes,
    }


def webhook(*alerts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A webhook of version 4 with `alerts`."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="ServiceDown"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "inbox",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": list(alerts),
        **changes,
    }

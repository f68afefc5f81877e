"""A notice in the JSON that Alertmanager posts to webhooks, so that it is read like any page."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from investiq.clients.notify.notice import Notice
from investiq.foundation.contract.webhook import NEVER

__all__ = ["message"]


def message(notice: Notice, receiver: str) -> dict[str, Any]:
    """The webhook of version 4 with one alert. The label `sent_by` tells it from one of Alertmanager's own."""
    labels = {
        "alertname": notice.alertname,
        "severity": notice.severity,
        "subject": notice.subject,
        "service": notice.service,
        "sent_by": "api",
    }
    annotations = {
        "summary": notice.summary,
        "description": notice.description,
        "runbook": notice.runbook,
        "dashboard": notice.console,
    }
    alert = {
        "status": notice.status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": notice.since.isoformat(),
        # Year 1 without its leading zeros is no time to those who read it strictly: `isoformat` writes 0001.
        "endsAt": (notice.until or NEVER).isoformat().replace("+00:00", "Z"),
        "generatorURL": notice.console,
        "fingerprint": sha256(notice.key.encode()).hexdigest()[:16],
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{notice.alertname}", sent_by="api", service="{notice.service}"}}',
        "truncatedAlerts": 0,
        "status": notice.status,
        "receiver": receiver,
        "groupLabels": {name: labels[name] for name in ("alertname", "service")},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": notice.console,
        "alerts": [alert],
    }

"""A notice in the JSON that Alertmanager posts to webhooks, so that it is read like any page."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from investiq.clients.notify.notice import Notice
from investiq.foundation.contract.webhook import NEVER, WebhookAlert, WebhookMessage

__all__ = ["message"]


def message(notice: Notice, receiver: str) -> dict[str, Any]:
    """The webhook with one alert. The label `sent_by` tells it from one of Alertmanager's own."""
    alert = _alert(notice)
    told = WebhookMessage(
        version="4",
        group_key=f'{{}}:{{alertname="{notice.alertname}", sent_by="api", service="{notice.service}"}}',
        status=notice.status,
        receiver=receiver,
        group_labels={name: alert.labels[name] for name in ("alertname", "service")},
        common_labels=alert.labels,
        common_annotations=alert.annotations,
        external_url=notice.console,
        alerts=[alert],
    )
    return told.model_dump(mode="json", by_alias=True)


def _alert(notice: Notice) -> WebhookAlert:
    return WebhookAlert(
        status=notice.status,
        labels={
            "alertname": notice.alertname,
            "severity": notice.severity,
            "subject": notice.subject,
            "service": notice.service,
            "sent_by": "api",
        },
        annotations={
            "summary": notice.summary,
            "description": notice.description,
            "runbook": notice.runbook,
            "dashboard": notice.console,
            **({"trace": notice.trace_id} if notice.trace_id else {}),
        },
        starts_at=notice.since,
        ends_at=notice.until or NEVER,
        generator_url=notice.console,
        fingerprint=sha256(notice.key.encode()).hexdigest()[:16],
    )

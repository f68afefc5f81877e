"""The alerts and recording rules of a subject as the document of a Prometheus rule file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from investiq.monitoring.alert import Alert
from investiq.monitoring.recording import Recording
from investiq.telemetry.catalogue import Subject

__all__ = ["rule_document"]


def rule_document(
    subject: Subject, alerts: Sequence[Alert], console: str, recordings: Sequence[Recording] = ()
) -> dict[str, Any]:
    """rules/<subject>.yml.

    Args:
        console: base URL of the frontend, for the dashboard links.
        recordings: the recording rules that the alerts and the panels read.
    """
    recorded = {"name": f"{subject}:recorded", "rules": [_recorded(recording) for recording in recordings]}
    alerting = {"name": subject.value, "rules": [_alerting(alert, console) for alert in alerts]}
    return {"groups": [group for group in (alerting, recorded) if group["rules"]]}


def _recorded(recording: Recording) -> dict[str, Any]:
    return {"record": recording.name, "expr": recording.query}


def _alerting(alert: Alert, console: str) -> dict[str, Any]:
    service = {"service": alert.service} if alert.service is not None else {}
    hold = {"for": _duration(alert.hold_seconds)} if alert.hold_seconds else {}
    return {
        "alert": alert.name,
        "expr": alert.expr,
        **hold,
        "labels": {"severity": alert.severity.value, "subject": alert.subject.value, **service},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook": alert.runbook,
            "dashboard": f"{console}/operations",
            **alert.annotations,
        },
    }


def _duration(seconds: int) -> str:
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"

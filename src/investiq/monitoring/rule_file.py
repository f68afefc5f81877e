"""The alerts of a subject as the document of a Prometheus rule file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from investiq.monitoring.alert import Alert
from investiq.telemetry.catalogue import Subject

__all__ = ["rule_document"]


def rule_document(subject: Subject, alerts: Sequence[Alert], console: str) -> dict[str, Any]:
    """rules/<subject>.yml.

    Args:
        console: base URL of the frontend, for the dashboard links.
    """
    return {"groups": [{"name": subject.value, "rules": [_rule(alert, console) for alert in alerts]}]}


def _rule(alert: Alert, console: str) -> dict[str, Any]:
    hold = {"for": _duration(alert.hold_seconds)} if alert.hold_seconds else {}
    return {
        "alert": alert.name,
        "expr": alert.expr,
        **hold,
        "labels": {"severity": alert.severity.value, "subject": alert.subject.value, "service": alert.service},
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

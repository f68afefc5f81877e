"""The alerts and recording rules of a subject as the document of a Prometheus rule file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from investiq.foundation.vocabulary import Subject
from investiq.monitoring.alert import Alert
from investiq.monitoring.recording import Recording

__all__ = ["rule_document"]


def rule_document(
    subject: Subject, alerts: Sequence[Alert], console: str, recordings: Sequence[Recording] = ()
) -> dict[str, Any]:
    """rules/<subject>.yml.

    Args:
        console: base URL of the frontend, for the links to runbook and dashboard.
        recordings: the recording rules that the alerts and the panels read.
    """
    alerting = {"name": subject.value, "rules": [_alerting(alert, console) for alert in alerts]}
    intervals = sorted({recording.interval_seconds for recording in recordings}, key=lambda seconds: seconds or 0)
    recorded = [_recorded_group(subject, seconds, recordings) for seconds in intervals]
    return {"groups": [group for group in (alerting, *recorded) if group["rules"]]}


def _recorded_group(subject: Subject, seconds: int | None, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Those of one interval, `<subject>:recorded`, or with the interval behind it where they have one of their own."""
    rules = [_recorded(recording) for recording in recordings if recording.interval_seconds == seconds]
    if seconds is None:
        return {"name": f"{subject}:recorded", "rules": rules}
    interval = _duration(seconds)
    return {"name": f"{subject}:recorded:{interval}", "interval": interval, "rules": rules}


def _recorded(recording: Recording) -> dict[str, Any]:
    labels = {"labels": dict(recording.static)} if recording.static else {}
    return {"record": recording.name, "expr": recording.query, **labels}


def _alerting(alert: Alert, console: str) -> dict[str, Any]:
    service = {"service": alert.service} if alert.service is not None else {}
    hold = {"for": _duration(alert.for_seconds)} if alert.for_seconds else {}
    return {
        "alert": alert.name,
        "expr": alert.expr,
        **hold,
        "labels": {"severity": alert.severity.value, "subject": alert.subject.value, **service},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook": f"{console}/runbooks/{alert.runbook}",
            "dashboard": f"{console}/operations/{alert.page}",
            **alert.annotations,
        },
    }


def _duration(seconds: int) -> str:
    """Minutes at the most: `60m`, not `1h`, is what the rendered files have, and so the ids of their mutants."""
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"

"""A firing alert, and how Alertmanager writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from investiq.clients.alertmanager.silence import Silence
from investiq.clients.session import text_map

__all__ = ["FiringAlert", "alert_of", "silencing"]


@dataclass(frozen=True, slots=True)
class FiringAlert:
    """A firing alert as Alertmanager has it.

    Attributes:
        state: active, silenced or inhibited.
        service: the part that it is about: of its label `service`, or of its job.
        silences: those that mute it.
        labels: all that it has, which silences match.
    """

    name: str
    severity: str
    since: datetime
    state: str
    service: str
    summary: str
    description: str
    runbook: str
    subject: str = ""
    silences: tuple[Silence, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


def silencing(raw: Mapping[str, Any]) -> list[str]:
    """The ids of the silences that mute an alert as Alertmanager gives it.

    Raises:
        KeyError, TypeError: this is none.
    """
    return [str(one) for one in raw["status"]["silencedBy"]]


def alert_of(raw: Mapping[str, Any], silences: Mapping[str, Silence]) -> FiringAlert:
    """An alert as Alertmanager gives it.

    Args:
        silences: by id; one that is gone meanwhile is left out.

    Raises:
        KeyError, TypeError, ValueError: this is none.
    """
    labels, notes, muted = text_map(raw["labels"]), text_map(raw["annotations"]), silencing(raw)
    suppressed = "silenced" if muted else "inhibited"
    return FiringAlert(
        name=labels["alertname"],
        severity=labels.get("severity", ""),
        since=datetime.fromisoformat(raw["startsAt"]),
        state=suppressed if raw["status"]["state"] == "suppressed" else "active",
        service=labels.get("service") or labels.get("job", ""),
        summary=notes.get("summary", ""),
        description=notes.get("description", ""),
        runbook=notes.get("runbook", ""),
        subject=labels.get("subject", ""),
        silences=tuple(silences[one] for one in muted if one in silences),
        labels=labels,
    )

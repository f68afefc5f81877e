"""PagerDuty: Events API v2. https://developer.pagerduty.com/docs/events-api-v2-overview"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from investiq.clients.notify.notice import Notice
from investiq.clients.notify.notifier import HttpPost
from investiq.foundation.config.schema import Config
from investiq.foundation.vocabulary import AlertStatus

__all__ = ["PagerDuty"]

_MOST_CHARACTERS = 1024
"""PagerDuty cuts a longer summary off."""


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """A service of PagerDuty; one incident for each key, opened and resolved."""

    name: ClassVar[str] = "pagerduty"
    key: str = field(repr=False)
    url: str = "https://events.pagerduty.com/v2/enqueue"

    @classmethod
    def of(cls, config: Config) -> PagerDuty | None:
        """From `notify.pagerduty_key`."""
        secret = config.notify.pagerduty_key
        return cls(secret.get_secret_value()) if secret is not None else None

    def deliver(self, notice: Notice, post: HttpPost) -> None:
        """Trigger the incident of the notice's key, or resolve it. Resolving one that is not open does nothing."""
        event: dict[str, Any] = {
            "routing_key": self.key,
            "event_action": "trigger" if notice.status == AlertStatus.FIRING else "resolve",
            "dedup_key": notice.key,
        }
        if notice.status == AlertStatus.FIRING:
            event |= {"client": "InvestIQ", "client_url": notice.console, "payload": _payload(notice)}
        post(self.url, event, (202,))


def _payload(notice: Notice) -> dict[str, Any]:
    return {
        "summary": f"{notice.title}: {notice.summary}"[:_MOST_CHARACTERS],
        "source": notice.source,
        "severity": notice.severity,
        "timestamp": notice.since.isoformat(),
        "component": notice.service,
        "class": notice.alertname,
        "custom_details": {
            "description": notice.description,
            "runbook": notice.runbook,
            **({"trace": notice.trace_id} if notice.trace_id else {}),
        },
    }

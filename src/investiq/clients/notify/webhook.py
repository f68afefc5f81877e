"""Any webhook of the user's own: gets Alertmanager's JSON, as it does from Alertmanager."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from investiq.clients.notify.message import message
from investiq.clients.notify.notice import Notice
from investiq.clients.notify.notifier import HttpPost
from investiq.foundation.config.schema import Config

__all__ = ["Webhook"]


@dataclass(frozen=True, slots=True)
class Webhook:
    """A server that takes Alertmanager's webhooks."""

    name: ClassVar[str] = "webhook"
    url: str = field(repr=False)

    @classmethod
    def of(cls, config: Config) -> Webhook | None:
        """From `notify.webhook_url`."""
        secret = config.notify.webhook_url
        return cls(secret.get_secret_value()) if secret is not None else None

    def deliver(self, notice: Notice, post: HttpPost) -> None:
        """Post the message; any success will do, as it does for Alertmanager."""
        post(self.url, message(notice, notice.severity), tuple(range(200, 300)))

"""Discord: executes a webhook. https://discord.com/developers/docs/resources/webhook#execute-webhook"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from investiq.clients.notify.notice import Notice
from investiq.clients.notify.notifier import HttpPost
from investiq.foundation.config.schema import Config

__all__ = ["Discord"]

_MOST_CHARACTERS = 2000
"""Discord refuses a longer `content`."""


@dataclass(frozen=True, slots=True)
class Discord:
    """A channel of a Discord server."""

    name: ClassVar[str] = "discord"
    url: str = field(repr=False)

    @classmethod
    def of(cls, config: Config) -> Discord | None:
        """From `notify.discord_webhook_url`."""
        secret = config.notify.discord_webhook_url
        return cls(secret.get_secret_value()) if secret is not None else None

    def deliver(self, notice: Notice, post: HttpPost) -> None:
        """Write a message into the channel; nothing in it mentions anybody."""
        content = _text(notice)
        if len(content) > _MOST_CHARACTERS:
            content = content[: _MOST_CHARACTERS - 1] + "…"
        # 204 is the answer to what nobody waits for; 200 comes where the URL asks to `wait`.
        post(self.url, {"content": content, "allowed_mentions": {"parse": []}}, (200, 204))


def _text(notice: Notice) -> str:
    lines = [f"**{notice.title}**", notice.summary, notice.description]
    lines.append(f"since {notice.since:%Y-%m-%d %H:%M:%S} UTC, on {notice.source}")
    if notice.until is not None:
        lines.append(f"until {notice.until:%Y-%m-%d %H:%M:%S} UTC")
    lines += [f"runbook: {notice.runbook}", f"dashboard: {notice.console}"]
    if notice.trace_id:
        lines.append(f"trace: {notice.trace_id}")
    return "\n".join(lines)

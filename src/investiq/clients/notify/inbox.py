"""The local inbox, which is a process of its own and always there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from investiq.clients.notify.message import message
from investiq.clients.notify.notice import Notice
from investiq.clients.notify.notifier import HttpPost
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths

__all__ = ["Inbox"]


@dataclass(frozen=True, slots=True)
class Inbox:
    """The inbox of this installation."""

    name: ClassVar[str] = "inbox"
    url: str
    token_file: Path

    @classmethod
    def of(cls, config: Config) -> Inbox | None:
        """Always: it is a part of every stack."""
        return cls(f"{topology.INBOX.url(config)}/webhook", Paths.of(config).inbox_token)

    def deliver(self, notice: Notice, post: HttpPost) -> None:
        """Post the message; it is on disk when the inbox answers."""
        post(self.url, message(notice, self.name), (200,), self.token_file)

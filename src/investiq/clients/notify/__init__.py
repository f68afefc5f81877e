"""How InvestIQ itself tells people that the monitoring is lost, when the monitoring cannot: one module per notifier.

Every notifier has the same shape: `name`, as in the catalogue's label; `of(config)`, which gives None where it is not
configured; and `deliver(notice, post)`, which sends one message or raises `Undelivered`.
`NotificationDispatcher` does the rest.
"""

from __future__ import annotations

from investiq.clients.notify.discord import Discord
from investiq.clients.notify.dispatcher import NotificationDispatcher
from investiq.clients.notify.inbox import Inbox
from investiq.clients.notify.notice import Notice
from investiq.clients.notify.notifier import Notifier
from investiq.clients.notify.pagerduty import PagerDuty
from investiq.clients.notify.webhook import Webhook
from investiq.foundation.config.schema import Config

__all__ = ["Notice", "NotificationDispatcher", "Notifier", "notifiers"]

_ALL = (Inbox, Discord, PagerDuty, Webhook)


def notifiers(config: Config) -> tuple[Notifier, ...]:
    """Those that are configured, the local inbox always among them."""
    return tuple(made for kind in _ALL if (made := kind.of(config)) is not None)

"""How InvestIQ itself tells people that the monitoring is lost, when the monitoring cannot: one module per notifier.

Every notifier has the same shape: `name`, as in the catalogue's label; `of(config)`, which gives None where it is not
configured; and `deliver(notice, post)`, which sends one message or raises `Undelivered`. `Courier` does the rest.
"""

from __future__ import annotations

from investiq.foundation.config.schema import Config
from investiq.notify.courier import Courier
from investiq.notify.discord import Discord
from investiq.notify.inbox import Inbox
from investiq.notify.notice import Notice
from investiq.notify.notifier import Notifier
from investiq.notify.pagerduty import PagerDuty
from investiq.notify.webhook import Webhook

__all__ = ["Courier", "Notice", "Notifier", "notifiers"]

_ALL = (Inbox, Discord, PagerDuty, Webhook)


def notifiers(config: Config) -> tuple[Notifier, ...]:
    """Those that are configured, the local inbox always among them."""
    return tuple(made for kind in _ALL if (made := kind.of(config)) is not None)

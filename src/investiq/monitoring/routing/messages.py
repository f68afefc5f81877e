"""The templates of notifications: what a woken person reads on a phone.

They are a file of Alertmanager's own language beside this module, and not strings within alertmanager.yml: the texts
of several receivers share their parts, and a file can be read, commented and checked by `amtool check-config`.
"""

from __future__ import annotations

from importlib import resources

from investiq.foundation import topology
from investiq.foundation.config.schema import Config

__all__ = ["SHOWN", "TEMPLATE_FILE", "notification_template"]

TEMPLATE_FILE = "templates/notification.tmpl"
"""As alertmanager.yml names it, beside which it lies."""

SHOWN = 6
"""Firing alerts of a group that a message names, and as many that are over: Discord takes no more characters."""


def notification_template(config: Config) -> str:
    """The file, with the address that a phone opens."""
    text = (resources.files("investiq.monitoring.routing") / "notification.tmpl").read_text(encoding="utf-8")
    values = {
        "@CONSOLE@": topology.console_url(config),
        "@SHOWN@": str(SHOWN),
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text

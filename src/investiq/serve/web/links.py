"""Where pages of this console are that others link to."""

from __future__ import annotations

from urllib.parse import quote, urlencode

__all__ = ["runbook_page", "silence_page"]


def runbook_page(subject: str, alert: str) -> str:
    """What to do about an alert."""
    return f"/runbooks/{quote(subject, safe='')}/{quote(alert, safe='')}"


def silence_page(alert: str, service: str = "") -> str:
    """Where an alert is silenced: of one service, or of all. Notifications link there too (notification.tmpl)."""
    return f"/silence/{quote(alert, safe='')}" + (f"?{urlencode({'service': service})}" if service else "")

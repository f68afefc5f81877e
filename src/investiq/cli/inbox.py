"""`investiq inbox`: what was paged."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.parameters import Duration
from investiq.clients.inbox import InboxClient
from investiq.foundation.durations import format_duration

COLUMNS = ("state", "severity", "alert", "since (UTC)", "lasted", "what")
MOST = 1000  # what the inbox gives at one time
_POLL_SECONDS = 1.0


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq inbox", "the latest pages"),
        ("investiq inbox --status firing", "what has fired and has not resolved"),
        ("investiq inbox --follow", "each notification as it arrives, until Ctrl-C"),
        ("investiq inbox --since 2h --alert ServiceDown", "one alert, of the last two hours"),
    ),
)
@click.option("--follow", is_flag=True, help="Go on printing notifications as they arrive.")
@click.option("--status", type=click.Choice(["firing", "resolved"]), help="Only pages in this state.")
@click.option("--alert", "alertname", help="Only this alert, such as ServiceDown.")
@click.option(
    "--since",
    "age",
    type=Duration(unit_needed=True),
    metavar="AGE",
    help="Only what arrived in the last AGE, such as 30m, 2h or 7d.",
)
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="At most so many pages.")
@pass_command_context
def command(
    context: CommandContext, *, follow: bool, status: str | None, alertname: str | None, age: float | None, limit: int
) -> None:
    """Show notifications: newest first, one line for each page, with how it stands now."""
    since = (datetime.now(UTC) - timedelta(seconds=age)).isoformat() if age is not None else None
    with InboxClient(context.loaded.config) as inbox:
        # The state of a page is that of its newest notification, so both are fetched before they are filtered.
        notifications = inbox.notifications(limit=MOST, alertname=alertname, since=since)
        pages = [page for page in _pages(notifications) if status in (None, page["status"])][:limit]
        _show(context, pages)
        if follow:
            _follow(context, inbox, notifications, {"alertname": alertname, "status": status})


def _show(context: CommandContext, pages: Sequence[dict[str, Any]]) -> None:
    text = context.table(COLUMNS, [_row(page) for page in pages]) if pages else "no notifications"
    context.emit("investiq.inbox/1", {"notifications": list(pages)}, text)


def _follow(
    context: CommandContext, inbox: InboxClient, shown: Sequence[dict[str, Any]], filters: dict[str, str | None]
) -> None:
    """Print what arrives after `shown`, oldest first, until interrupted."""
    newest = max((n["id"] for n in shown), default=0)
    since = max((n["received_at"] for n in shown), default=datetime.now(UTC).isoformat())
    while True:
        time.sleep(_POLL_SECONDS)
        arrived = [n for n in inbox.notifications(limit=MOST, since=since, **filters) if n["id"] > newest]
        for notification in reversed(arrived):
            newest, since = notification["id"], notification["received_at"]
            line = "  ".join(str(cell) for cell in _row(notification))
            context.emit("investiq.inbox/1", {"notifications": [notification]}, line)


def _pages(notifications: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One notification, the newest, for each page: an alert that fired at one moment and perhaps resolved."""
    pages: dict[tuple[str, str], dict[str, Any]] = {}
    for notification in notifications:
        pages.setdefault((notification["fingerprint"], notification["starts_at"]), notification)
    return list(pages.values())


def _row(notification: dict[str, Any]) -> tuple[str, ...]:
    started = datetime.fromisoformat(notification["starts_at"])
    ended = datetime.fromisoformat(notification["ends_at"]) if notification["ends_at"] else datetime.now(UTC)
    what = notification["annotations"].get("summary", "")
    return (
        notification["status"],
        notification["severity"] or "-",
        notification["alertname"],
        f"{started.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        format_duration(ended - started),
        what,
    )

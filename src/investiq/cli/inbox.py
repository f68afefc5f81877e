"""`investiq inbox`: what was paged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import click

from investiq.cli.answers import answered
from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.parameters import Duration
from investiq.clients.inbox import InboxClient, InboxMessage
from investiq.foundation.durations import format_duration
from investiq.foundation.number_options import WholeNumberRange

COLUMNS = ("state", "severity", "alert", "since (UTC)", "lasted", "what")
MOST = 1000  # what the inbox gives at one time
_POLL_SECONDS = 1.0


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq inbox", "the latest notifications"),
        ("investiq inbox --status firing", "alerts that are still firing"),
        ("investiq inbox --follow", "each notification as it arrives, until Ctrl-C"),
        ("investiq inbox --since 2h --alert ServiceDown", "one alert, of the last two hours"),
    ),
)
@click.option("--follow", is_flag=True, help="Print notifications as they arrive.")
@click.option("--status", type=click.Choice(["firing", "resolved"]), help="Only this status.")
@click.option("--alert", "alertname", help="Only this alert, such as ServiceDown.")
@click.option(
    "--since",
    "age",
    type=Duration(unit_needed=True),
    metavar="AGE",
    help="Only the last AGE, such as 30m, 2h or 7d.",
)
@click.option(
    "--limit", type=WholeNumberRange(1, MOST), default=50, show_default=True, help="Maximum number of notifications."
)
@pass_command_context
def command(
    context: CommandContext, *, follow: bool, status: str | None, alertname: str | None, age: float | None, limit: int
) -> None:
    """Show notifications: newest first, one line for each page, with how it stands now."""
    since = (datetime.now(UTC) - timedelta(seconds=age)).isoformat() if age is not None else None
    answered(_inbox(context, follow=follow, status=status, alertname=alertname, since=since, limit=limit))


async def _inbox(
    context: CommandContext, *, follow: bool, status: str | None, alertname: str | None, since: str | None, limit: int
) -> None:
    async with InboxClient.of(context.loaded.config) as inbox:
        # The state of a page is that of its newest notification, so both are fetched before they are filtered.
        notifications = await inbox.notifications(MOST, alertname=alertname, since=since)
        pages = [page for page in _pages(notifications) if status in (None, page.status)][:limit]
        lines = context.table(COLUMNS, [_row(page) for page in pages]) if pages else ["no notifications"]
        _emit(context, pages, *lines)
        if follow:
            await _follow(context, inbox, notifications, alertname, status)


def _emit(context: CommandContext, pages: Sequence[InboxMessage], *lines: str) -> None:
    context.emit("investiq.inbox/1", {"notifications": [dict(page.document) for page in pages]}, *lines)


async def _follow(
    context: CommandContext,
    inbox: InboxClient,
    shown: Sequence[InboxMessage],
    alertname: str | None,
    status: str | None,
) -> None:
    """Print what arrives after `shown`, oldest first, until interrupted."""
    newest = max((message.id for message in shown), default=0)
    since = max((message.received_at for message in shown), default=datetime.now(UTC))
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        latest = await inbox.notifications(MOST, alertname=alertname, status=status, since=since.isoformat())
        for message in reversed([message for message in latest if message.id > newest]):
            newest, since = message.id, message.received_at
            _emit(context, [message], "  ".join(_row(message)))


def _pages(notifications: Iterable[InboxMessage]) -> list[InboxMessage]:
    """One notification, the newest, for each page: an alert that fired at one moment and perhaps resolved."""
    pages: dict[tuple[str, datetime], InboxMessage] = {}
    for message in notifications:
        pages.setdefault((message.fingerprint, message.starts_at), message)
    return list(pages.values())


def _row(message: InboxMessage) -> tuple[str, ...]:
    ended = message.ends_at or datetime.now(UTC)
    return (
        message.status,
        message.severity or "-",
        message.name,
        f"{message.starts_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        format_duration(ended - message.starts_at),
        message.summary,
    )

"""`investiq halts`: every halt and resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.foundation import figures as fmt
from investiq.foundation.number_options import WholeNumberRange

if TYPE_CHECKING:
    from investiq.foundation.contract.api import BreakerRecord

COLUMNS = ("when (New York)", "what", "by", "equity", "loss", "drawdown", "why")


@click.command(cls=ExampleCommand, examples=(("investiq halts", "the latest halts and resumes"),))
@click.option("--limit", type=WholeNumberRange(1, 500), default=20, show_default=True, help="Rows to show.")
@click.option("--cursor", type=WholeNumberRange(1, 2**63 - 1), help="Cursor from the previous page.")
@pass_command_context
def command(context: CommandContext, limit: int, cursor: int | None) -> None:
    """Show every halt and resume, newest first: who, why, and what the account was worth."""
    with context.api() as client:
        found = client.halts(limit=limit, cursor=None if cursor is None else str(cursor))
    rows = [_row(event) for event in found["events"]]
    lines = context.table(COLUMNS, rows) if rows else ["no halts so far"]
    context.emit("investiq.halts/1", dict(found), *lines)
    if found["next_cursor"]:
        context.say(f"older ones: --cursor {found['next_cursor']}")


def _row(event: BreakerRecord) -> tuple[str, ...]:
    why = f"{event['reason']}: {event['note']}" if event["reason"] else event["note"]
    return (
        fmt.market_time(event["at"]),
        event["event"],
        event["by"],
        fmt.money(event["equity"]),
        fmt.percent(event["day_loss"], 2),
        fmt.percent(event["drawdown"], 2),
        why,
    )

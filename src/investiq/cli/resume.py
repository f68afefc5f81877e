"""`investiq resume`: lift a halt."""

from __future__ import annotations

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.parameters import Words
from investiq.cli.trading_status import status_lines


@click.command(
    cls=ExampleCommand,
    examples=(('investiq resume --reason "fills explained"', "entries are allowed again"),),
)
@click.option("--reason", type=Words(), required=True, help="Why; recorded in the ledger.")
@pass_command_context
def command(context: CommandContext, reason: str) -> None:
    """Lift a halt, whatever tripped it. Loss limits count anew from here."""
    with context.api() as client:
        status = client.resume(reason)
    context.emit("investiq.trading/1", dict(status), *status_lines(status))

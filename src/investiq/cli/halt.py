"""`investiq halt`: deny entries from now on; what is held can still be sold."""

from __future__ import annotations

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.parameters import Words
from investiq.cli.trading_status import status_lines


@click.command(
    cls=ExampleCommand,
    examples=(('investiq halt --reason "odd fills in AAPL"', "deny new entries; exits stay allowed"),),
)
@click.option("--reason", type=Words(), required=True, help="Why; recorded in the ledger.")
@pass_command_context
def command(context: CommandContext, reason: str) -> None:
    """Deny new entries from now on, and cancel open buys. Open positions stay, and can be sold."""
    from investiq.foundation.contract.api import LONGEST_REASON  # noqa: PLC0415  pydantic: only when something is sent

    if len(reason) > LONGEST_REASON:
        context.say(f"reason cut to {LONGEST_REASON} characters")
    with context.api() as client:
        status = client.halt(reason[:LONGEST_REASON])
    context.emit("investiq.trading/1", dict(status), *status_lines(status))

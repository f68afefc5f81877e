"""`investiq halt`: deny entries from now on; what is held can still be sold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.clients.api.connection import connect

if TYPE_CHECKING:
    from investiq.foundation.contract.api import TradingStatus

__all__ = ["command", "status_text"]


@click.command(
    cls=ExampleCommand,
    examples=(('investiq halt --reason "odd fills in AAPL"', "no entries until resumed; exits stay possible"),),
)
@click.option("--reason", required=True, help="Why; it is kept.")
@pass_command_context
def command(context: CommandContext, reason: str) -> None:
    """Deny new entries from now on. Open positions stay, and can be sold."""
    with connect(context.loaded.config) as client:
        status = client.halt(reason)
    context.emit("investiq.trading/1", dict(status), status_text(status))


def status_text(status: TradingStatus) -> str:
    """The state of the breaker in one line; a second one where trading goes on unwatched."""
    unwatched = "" if status["monitoring"]["required"] else "\n" + status["monitoring"]["note"]
    if not status["halted"]:
        return f"trading is open ({status['mode']}){unwatched}"
    why = f"{status['reason']}: {status['note']}" if status["note"] else str(status["reason"])
    return f"trading is halted ({status['mode']}): {why}, since {status['since_wall']} by {status['by']}{unwatched}"

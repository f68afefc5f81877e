"""`investiq positions`: what is held, and the account."""

from __future__ import annotations

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.clients.api.connection import connect


@click.command(cls=ExampleCommand, examples=(("investiq positions", "what is held, and the account"),))
@pass_command_context
def command(context: CommandContext) -> None:
    """Show positions and the account."""
    with connect(context.loaded.config) as client:
        positions, account = client.positions(), client.account()
    fields = ("symbol", "quantity", "average_price", "market_price", "market_value", "unrealised_pnl", "realised_pnl")
    rows = [[position.get(field) for field in fields] for position in positions]
    held = context.table([field.replace("_", " ") for field in fields], rows) if rows else ["no positions"]
    money = [f"{name.replace('_', ' '):16} {_shown(value)}" for name, value in account.items() if value != []]
    context.emit("investiq.positions/1", {"positions": positions, "account": account}, *held, "", *money)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "-" if value is None else str(value)

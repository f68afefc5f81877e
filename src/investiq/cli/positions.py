"""`investiq positions`: what is held, and the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand


@click.command(cls=ExampleCommand, examples=(("investiq positions", "what is held, and the account"),))
@pass_command_context
def command(context: CommandContext) -> None:
    """Show positions and the account."""
    with context.api() as client:
        positions, closed, account = client.positions(), client.closed_positions(), client.account()
    held = _table(context, positions, (*_HELD, *_REALISED)) if positions else ["no positions"]
    gone = ["", "sold out", *_table(context, closed, ("symbol", *_REALISED))] if closed else []
    money = [f"{name.replace('_', ' '):16} {_shown(value)}" for name, value in account.items() if value != []]
    document = {"positions": positions, "closed": closed, "account": account}
    context.emit("investiq.positions/1", document, *held, *gone, "", *money)


_HELD = ("symbol", "quantity", "average_price", "market_price", "market_value", "unrealised_pnl")
_REALISED = ("realised_pnl", "commission_paid", "net_realised_pnl")


def _table(context: CommandContext, rows: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> Sequence[str]:
    titles = [field.replace("_", " ") for field in fields]
    return context.table(titles, [[row.get(field) for field in fields] for row in rows])


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "-" if value is None else str(value)

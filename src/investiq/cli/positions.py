"""`investiq positions`: positions and the account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.foundation import figures as fmt

if TYPE_CHECKING:
    from investiq.foundation.contract.api import Account, ClosedPosition, Position


@click.command(cls=ExampleCommand, examples=(("investiq positions", "positions and the account"),))
@pass_command_context
def command(context: CommandContext) -> None:
    """Show positions and the account."""
    with context.api() as client:
        positions, closed, account = client.positions(), client.closed_positions(), client.account()
    held = context.table(_COLUMNS, [_held(position) for position in positions]) if positions else ["no positions"]
    gone = ["", "sold out", *context.table(_SOLD, [_realised(position) for position in closed])] if closed else []
    document = {"positions": positions, "closed": closed, "account": account}
    context.emit("investiq.positions/1", document, *held, *gone, "", *_account(account))


_SOLD = ("symbol", "realised", "commission", "net realised")
_COLUMNS = ("symbol", "shares", "paid", "price", "value", "unrealised", *_SOLD[1:])


def _held(position: Position) -> Sequence[str]:
    symbol, *realised = _realised(position)
    return (
        symbol,
        fmt.quantity(position["quantity"]),
        fmt.price(position["average_price"]),
        fmt.price(position["market_price"]),
        fmt.money(position["market_value"]),
        fmt.signed_money(position["unrealised_pnl"]),
        *realised,
    )


def _realised(position: Position | ClosedPosition) -> Sequence[str]:
    return (
        position["symbol"],
        fmt.signed_money(position["realised_pnl"]),
        fmt.money(position["commission_paid"]),
        fmt.signed_money(position["net_realised_pnl"]),
    )


def _account(account: Account) -> list[str]:
    gained = fmt.percent(fmt.total_return(account["equity"], account["initial_cash"]), 2, plus=True)
    figures = {
        "equity": fmt.money(account["equity"]),
        "total return": f"{gained} of {fmt.money(account['initial_cash'])}",
        "today": fmt.signed_money(account["day_pnl"]),
        "unrealised": fmt.signed_money(account["unrealised_pnl"]),
        "realised": f"{fmt.signed_money(account['net_realised_pnl'])} after {fmt.money(account['commission_paid'])} "
        "commission",
        "drawdown": f"{fmt.percent(account['drawdown'], 2)} below {fmt.money(account['high_water_mark'])}",
        "cash": fmt.money(account["cash"]),
        "buying power": fmt.money(account["buying_power"]),
        "exposure": fmt.money(account["exposure"]),
        "account": f"{account['broker']}, {account['mode']}",
    }
    if account["unpriced"]:
        figures["no price"] = ", ".join(account["unpriced"])
    return [f"{name:16} {figure}" for name, figure in figures.items()]

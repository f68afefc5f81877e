"""`investiq symbols [SYMBOL]`: what can be analysed; with a symbol, its latest bars."""

from __future__ import annotations

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.foundation.number_options import WholeNumberRange


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq symbols", "every symbol with its latest price"),
        ("investiq symbols AAPL --limit 5", "its last five sessions"),
    ),
)
@click.argument("symbol", required=False)
@click.option("--limit", type=WholeNumberRange(1, 5000), default=20, show_default=True, help="Bars to show.")
@pass_command_context
def command(context: CommandContext, symbol: str | None, limit: int) -> None:
    """List the symbols, or show the latest bars of SYMBOL."""
    with context.api() as client:
        if symbol is None:
            known = client.symbols()
            fields = ("symbol", "first_session", "last_session", "bars", "last_price", "last_price_at")
            rows = [[entry.get(field) for field in fields] for entry in known["symbols"]]
            lines = context.table([f.replace("_", " ") for f in fields], rows)
            context.emit("investiq.symbols/1", dict(known), *lines)
            for refused in known["refused"]:
                context.say(f"refused: {refused['symbol']}: {'; '.join(refused['reasons'])}", style="yellow")
        else:
            bars = client.bars(symbol, limit=limit)
            names = ("session", "open", "high", "low", "close", "volume")
            rows = [[bar.get(name) for name in names] for bar in bars["bars"]]
            context.emit("investiq.bars/1", dict(bars), *context.table(names, rows))

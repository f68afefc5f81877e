"""`investiq agent`: the paper-trading agent in the foreground."""

from __future__ import annotations

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.parameters import inherited_gate, inherited_sockets
from investiq.foundation.process_telemetry import server_telemetry


@click.command(
    cls=ExampleCommand,
    examples=(("investiq agent", "go through the watchlist until Ctrl-C; decisions are logged as JSON"),),
)
@inherited_sockets
@inherited_gate
@pass_command_context
def command(context: CommandContext, descriptors: tuple[int, ...], gate: int | None) -> None:
    """Run the paper-trading agent: it analyses the watchlist and trades through the public API."""
    from investiq.serve.agent import run  # noqa: PLC0415  loads the client only when it runs

    with server_telemetry("agent", context.loaded.config, context.stderr):
        run(context.loaded.config, descriptors, gate)

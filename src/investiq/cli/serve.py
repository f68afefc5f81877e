"""`investiq serve PART`: one server of ours in the foreground; `investiq up` supervises these."""

from __future__ import annotations

import importlib

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.parameters import inherited_sockets
from investiq.foundation import topology
from investiq.foundation.process_telemetry import server_telemetry

# The agent is a command of its own: it is a user of the product, not a server of it.
SERVERS = [process.name for process in topology.OURS if process is not topology.AGENT]


@click.command(
    cls=ExampleCommand,
    examples=(("investiq serve api", "the API server, logging JSON to stderr"),),
)
@click.argument("part", type=click.Choice(SERVERS))
@inherited_sockets
@pass_command_context
def command(context: CommandContext, part: str, descriptors: tuple[int, ...]) -> None:
    """Run one server of ours until SIGTERM. Logs go to stderr as JSON."""
    config = context.loaded.config
    with server_telemetry(part, config, context.stderr):
        importlib.import_module(f"investiq.serve.{part}.app").run(config, descriptors)

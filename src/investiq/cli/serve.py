"""`investiq serve PART`: one server of ours in the foreground; `investiq up` supervises these."""

from __future__ import annotations

import importlib

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.foundation.telemetry import logging

SERVERS = {
    "api": "investiq.serve.api.app",
    "signals": "investiq.serve.signals.app",
    "web": "investiq.serve.web.app",
    "inbox": "investiq.serve.inbox.app",
}


@click.command(
    cls=ExampleCommand,
    examples=(("investiq serve api", "the API server, logging JSON to stderr"),),
)
@click.argument("part", type=click.Choice(list(SERVERS)))
@pass_command_context
def command(context: CommandContext, part: str) -> None:
    """Run one server of ours until SIGTERM. Logs go to stderr as JSON."""
    config = context.loaded.config
    logging.configure(part, config.logging.level, context.stderr)
    importlib.import_module(SERVERS[part]).run(config)

"""`investiq unsilence`: end a silence early."""

from __future__ import annotations

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.silence import document

__all__ = ["command"]


@click.command(
    cls=ExampleCommand,
    examples=(("investiq unsilence 3f9c2a7b", "by the id that `investiq silences` shows, or its beginning"),),
)
@click.argument("silence_id", metavar="ID")
@pass_command_context
def command(context: CommandContext, silence_id: str) -> None:
    """End the silence with ID now. What it muted is notified, if it still fires."""
    from investiq.clients.alertmanager.client import Silences  # noqa: PLC0415  an HTTP client is not for every command

    with Silences(context.loaded.config) as silences:
        silence = silences.find(silence_id)
        silences.end(silence)
    context.emit("investiq.silence/1", document(silence), "")
    context.say(f"{silence.what}: no longer silenced")

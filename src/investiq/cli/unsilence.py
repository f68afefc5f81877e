"""`investiq unsilence`: end a silence early."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.ledger import note_silence
from investiq.cli.silence import document
from investiq.foundation.vocabulary import AuditAction

if TYPE_CHECKING:
    from investiq.clients.alertmanager.silence import Silence
    from investiq.foundation.config import Config

__all__ = ["command"]


@click.command(
    cls=ExampleCommand,
    examples=(("investiq unsilence 3f9c2a7b", "by the id that `investiq silences` shows, or its beginning"),),
)
@click.argument("silence_id", metavar="ID")
@pass_command_context
def command(context: CommandContext, silence_id: str) -> None:
    """End the silence with ID now. What it muted is notified, if it still fires."""
    from investiq.cli.answers import answered  # noqa: PLC0415  an HTTP client is not for every command

    silence = answered(_ended(context.loaded.config, silence_id))
    note_silence(context, AuditAction.SILENCE_ENDED, silence)
    context.emit("investiq.silence/1", document(silence))
    context.say(f"{silence.what}: no longer silenced")


async def _ended(config: Config, silence_id: str) -> Silence:
    from investiq.clients.alertmanager.client import Alertmanager  # noqa: PLC0415

    async with Alertmanager.of(config) as alertmanager:
        silence = await alertmanager.find_silence(silence_id)
        await alertmanager.end_silence(silence)
        return silence

"""`investiq silences`: who silenced what, until when, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.silence import document
from investiq.foundation.durations import format_duration

if TYPE_CHECKING:
    from investiq.clients.alertmanager.silence import Silence
    from investiq.foundation.config import Config

COLUMNS = ("id", "until (UTC)", "left", "by", "mutes", "what", "reason")


@click.command(
    cls=ExampleCommand,
    examples=(("investiq silences", "active silences, the next to end first"),),
)
@pass_command_context
def command(context: CommandContext) -> None:
    """List the silences that have not ended, deploy windows among them, and how many firing alerts each mutes now."""
    from investiq.cli.answers import answered  # noqa: PLC0415  an HTTP client is not for every command

    found = answered(_open(context.loaded.config))
    lines = context.table(COLUMNS, [_row(silence) for silence in found]) if found else ["no silences"]
    context.emit("investiq.silences/1", {"silences": [document(silence) for silence in found]}, *lines)


async def _open(config: Config) -> list[Silence]:
    from investiq.clients.alertmanager.client import Alertmanager  # noqa: PLC0415

    async with Alertmanager.of(config) as alertmanager:
        return await alertmanager.open_silences()


def _row(silence: Silence) -> tuple[str, ...]:
    return (
        silence.id[:8],
        f"{silence.ends_at:%Y-%m-%d %H:%M:%S}",
        format_duration(silence.ends_at - datetime.now(UTC)),
        silence.by,
        str(silence.mutes),
        silence.what,
        silence.reason,
    )

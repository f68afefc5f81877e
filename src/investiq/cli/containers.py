"""`investiq containers`: what the containers need before they start."""

from __future__ import annotations

from pathlib import Path

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleGroup


@click.group(
    cls=ExampleGroup,
    examples=(("investiq containers prepare /volumes", "what the service `init` of docker-compose.yml runs"),),
)
def command() -> None:
    """Prepare what the containers of docker-compose.yml read."""


@command.command("prepare", examples=(("investiq containers prepare /volumes", "as the service `init` does"),))
@click.argument("volumes", type=click.Path(file_okay=False, path_type=Path))
@pass_command_context
def prepare(context: CommandContext, volumes: Path) -> None:
    """Make missing secrets, render the configuration, and give each program what it reads.

    VOLUMES has a folder for each program, which is a volume of its container. A program sees its own configuration and
    the passwords that it shows, and no other key.
    """
    from investiq.operate.deploy.containers.reading import prepare as prepare_all  # noqa: PLC0415

    if not volumes.is_dir():
        raise click.BadParameter(
            f"{volumes} is no folder: the service `init` has one with a volume for each program", param_hint="VOLUMES"
        )
    filled = prepare_all(context.loaded.config, volumes)
    names = [folder.name for folder in filled]
    context.emit("investiq.containers-prepare/1", {"prepared": names}, f"prepared: {', '.join(names) or 'no program'}")

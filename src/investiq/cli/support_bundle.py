"""`investiq support-bundle`: what somebody who helps needs to see, in one file, without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand


@click.command(
    "support-bundle",
    cls=ExampleCommand,
    examples=(
        ("investiq support-bundle investiq.tar.gz", "then look into it, and send it"),
        ("investiq support-bundle /tmp/help.tar.gz", "somewhere else; `tar -xzf` opens it"),
    ),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@pass_command_context
def command(context: CommandContext, file: Path) -> None:
    """Write FILE: configuration, versions, status, what doctor and validate find, ends of the logs, rendered files.

    Keys, tokens and passwords are left out of it. Symbols, positions, names and addresses are not: look into it before
    you send it.
    """
    from investiq.operate.support.bundle import bundle_texts, write_bundle  # noqa: PLC0415

    names: list[str] = []
    with context.progress("gathering") as said:

        def told() -> Iterator[tuple[str, str]]:
            for name, text in bundle_texts(context.loaded):
                said(name)
                names.append(name)
                yield name, text

        write_bundle(file, told())
    context.emit("investiq.support.bundle/1", {"file": str(file), "files": names}, str(file))
    context.say(f"{len(names)} files, which only you can read; look into it before you send it")

"""`investiq install`: as a service of this server, with upgrade, rollback and removal."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand

if TYPE_CHECKING:
    from investiq.operate.deploy.install import Installed
    from investiq.operate.deploy.layout import Layout


@click.command(
    cls=ExampleCommand,
    examples=(
        ("sudo DIR/bin/investiq install", "install, or upgrade to, the version in the environment DIR"),
        ("sudo investiq install --rollback", "go back to the version before"),
        ("sudo investiq install --remove", "remove it; configuration and data stay"),
        ("investiq install --prefix /tmp/look", "see all that it would write, without root; nothing is started"),
    ),
)
@click.option(
    "--prefix",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/"),
    show_default=True,
    metavar="DIR",
    help="Folder below which everything is written.",
)
@click.option("--rollback", is_flag=True, help="Go back to the version that ran before.")
@click.option("--remove", "removes", is_flag=True, help="Stop and remove it.")
@click.option("--purge", is_flag=True, help="With --remove: configuration, ledger, metrics and keys too.")
@pass_command_context
def command(context: CommandContext, *, prefix: Path, rollback: bool, removes: bool, purge: bool) -> int:
    """Install this version as a service of systemd, beside the one that runs, and switch to it.

    Where a part of the new version does not become well, the old version is put back, with its ledger where the new one
    had migrated it. docs/install.md says what is written where.
    """
    if rollback and removes:
        raise click.UsageError("--rollback and --remove exclude each other")
    if purge and not removes:
        raise click.UsageError("--purge goes with --remove")
    from investiq.operate.deploy import install as steps  # noqa: PLC0415
    from investiq.operate.deploy.layout import Layout  # noqa: PLC0415

    layout = Layout(prefix.resolve())
    service = steps.service_of(layout)
    if removes:
        return _remove(context, layout, purge)
    with context.progress("rollback" if rollback else "install") as tell:
        done = (steps.roll_back if rollback else steps.install)(layout, service, tell)
    _tell(context, layout, done)
    return ExitCode.DONE


def _remove(context: CommandContext, layout: Layout, purge: bool) -> int:
    from investiq.operate.deploy.install import remove, service_of  # noqa: PLC0415

    kept = remove(layout, service_of(layout), purge)
    context.emit(
        "investiq.install/1", {"removed": True, "kept": [str(folder) for folder in kept]}, "InvestIQ is removed"
    )
    if kept:
        context.say(f"kept: {', '.join(map(str, kept))}; `investiq install --remove --purge` removes them too")
    return ExitCode.DONE


def _tell(context: CommandContext, layout: Layout, done: Installed) -> None:
    lines = [f"{done.version} is installed in {layout.program}{'' if done.changed else ', as it was before'}"]
    lines.append("every part is well" if done.started else "nothing was started: systemd does not run it there")
    lines.append(f"configuration: {layout.config_file}; secrets: a file each in {layout.credentials}")
    if done.previous:
        lines.append(f"before it: {done.previous} (`investiq install --rollback`)")
    context.emit("investiq.install/1", asdict(done), *lines)

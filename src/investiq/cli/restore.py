"""`investiq restore`: restores a backup in earnest, or for scratch programs to prove that it can be."""

from __future__ import annotations

from pathlib import Path

import click

from investiq.cli.backup import end_on_signals, snapshot_document, tell_verification, verification_document
from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq restore --verify", "prove that the newest backup can be restored"),
        ("investiq restore 3f9c2a7b", "into an empty data_dir"),
        ("investiq restore latest --replace", "in the place of what is there, which is kept"),
    ),
)
@click.argument("snapshot", default="")
@click.option("--verify", is_flag=True, help="Restore for scratch programs only, ask them, and change nothing.")
@click.option("--replace", is_flag=True, help="Put it in the place of what is there; that is kept beside it.")
@click.option(
    "--password-file", type=click.Path(path_type=Path), help="File with a password of the repository, such as yours."
)
@pass_command_context
def command(context: CommandContext, *, snapshot: str, verify: bool, replace: bool, password_file: Path | None) -> int:
    """Restore SNAPSHOT, as `investiq backup list` names it, or `latest`; --verify takes the newest by itself."""
    if verify and replace:
        raise click.UsageError("--verify changes nothing, so there is nothing to --replace")
    if not snapshot and not verify:
        raise click.UsageError("which backup? Name one that `investiq backup list` shows, or `latest`")
    end_on_signals()
    context.log_to_stderr()
    password = _password(context, password_file)
    if verify:
        return _verify(context, snapshot or "latest", password)
    return _restore(context, snapshot, password, replace=replace)


def _verify(context: CommandContext, snapshot: str, password: str | None) -> int:
    from investiq.operate.backup.verify import verify  # noqa: PLC0415

    with context.progress("verification") as show:
        verification = verify(context.loaded.config, snapshot, show, password)
    lines = tell_verification(verification)
    context.emit("investiq.verification/1", verification_document(verification), *lines)
    return ExitCode.DONE if verification.is_proven else ExitCode.FINDINGS


def _restore(context: CommandContext, snapshot: str, password: str | None, *, replace: bool) -> int:
    from investiq.operate.backup.restore import restore  # noqa: PLC0415

    with context.progress("restore") as show:
        restored = restore(context.loaded.config, snapshot, show, replace=replace, password=password)
    document = {
        "snapshot": snapshot_document(restored.snapshot),
        "restored": restored.places,
        "kept": restored.kept,
        "missing": restored.missing,
        "seconds": round(restored.seconds, 2),
    }
    lines = [
        f"restored {restored.snapshot.name} of {restored.snapshot.time:%Y-%m-%d %H:%M:%S} UTC "
        f"in {restored.seconds:.1f} s",
        *(f"  {part}: {place}" for part, place in restored.places.items()),
        *(f"  not in this backup: {part} ({why})" for part, why in restored.missing.items()),
    ]
    if restored.kept:
        lines += ["kept what was there before; delete it when you need it no more:"]
        lines += [f"  {aside}" for aside in restored.kept.values()]
    context.emit("investiq.restore/1", document, *lines)
    context.say("`investiq up` starts from it, with new keys where data_dir has none")
    return ExitCode.DONE


def _password(context: CommandContext, file: Path | None) -> str | None:
    """The password that a person gives; None where it is in its place, or in the environment."""
    from investiq.foundation.documents.text import UnreadableFile, read_text  # noqa: PLC0415
    from investiq.operate.backup.restic import has_password  # noqa: PLC0415

    if file is not None:
        try:
            return read_text(file).strip()
        except UnreadableFile as error:
            raise click.UsageError(f"--password-file: {error.message}") from error
    if has_password(context.loaded.config) or context.no_input or not context.stdin.isatty():
        return None
    return str(click.prompt("Password of the repository", hide_input=True, err=True)).strip()

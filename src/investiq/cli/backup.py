"""`investiq backup`: makes a backup while everything runs, lists them, and gives further keys to their repository."""

from __future__ import annotations

import secrets
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleGroup

if TYPE_CHECKING:
    from investiq.foundation.config import Config
    from investiq.operate.backup.restic import Restic, Snapshot
    from investiq.operate.backup.run import Backup
    from investiq.operate.backup.verify import Verification

COLUMNS = ("snapshot", "made (UTC)", "restore proven")
SIZES = ("part", "size")
_ASK_SECONDS = 600.0


@click.group(
    cls=ExampleGroup,
    invoke_without_command=True,
    examples=(
        ("investiq backup", "make a backup now, while everything runs"),
        ("investiq backup --verify", "and prove that it can be restored"),
        ("investiq backup list", "every backup, and which are proven"),
        ("investiq backup key add", "a second key to the repository, for its owner"),
    ),
)
@click.option("--verify", is_flag=True, help="Restore it for scratch programs, and ask these what was asked before.")
@pass_command_context
def command(context: CommandContext, verify: bool) -> int | None:
    """Make a backup of ledger, metrics, silences, notifications, models and configuration."""
    if click.get_current_context().invoked_subcommand is not None:
        return None
    from investiq.operate.backup.run import make_backup  # noqa: PLC0415

    end_on_signals()
    context.log_to_stderr()
    with context.progress("backup") as show:
        backup = make_backup(context.loaded, show)
    _tell_password(context, backup.new_password)
    verification = None
    if verify:
        from investiq.operate.backup.verify import verify as prove  # noqa: PLC0415

        with context.progress("verification") as show:
            verification = prove(context.loaded.config, backup.snapshot.name, show)
    _tell(context, backup, verification)
    if verification is not None and verification.differences:
        return ExitCode.FINDINGS
    return ExitCode.FAILED if backup.missing else ExitCode.DONE


@command.command("list", examples=(("investiq backup list", "the newest last"),))
@pass_command_context
def list_backups(context: CommandContext) -> None:
    """List the backups in the repository."""
    snapshots = _restic(context.loaded.config).snapshots()
    rows = [(one.name, f"{one.time:%Y-%m-%d %H:%M:%S}", "yes" if one.proven else "no") for one in snapshots]
    lines = context.table(COLUMNS, rows) if rows else ["no backups"]
    context.emit("investiq.backups/1", {"backups": [snapshot_document(one) for one in snapshots]}, *lines)


@command.command("schedule", examples=(("investiq backup schedule", "until Ctrl-C"),))
@pass_command_context
def schedule(context: CommandContext) -> None:
    """Make backups on the schedule, in the foreground (what `up` supervises)."""
    from investiq.foundation.telemetry import logging  # noqa: PLC0415
    from investiq.operate.backup.schedule import keep_schedule  # noqa: PLC0415

    end_on_signals()
    logging.configure("backup", context.loaded.config.logging.level, context.stderr)
    keep_schedule(context.loaded.config)


@command.command(
    "timer",
    examples=(
        ("investiq backup timer", "print the two units"),
        ("sudo investiq backup timer --directory /etc/systemd/system --user investiq", "write them"),
    ),
)
@click.option("--at", default="22:30", show_default=True, help="Time of day, where backups are made once a day.")
@click.option("--user", help="Who makes them; default: who runs this command.")
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Write them there.")
@pass_command_context
def timer(context: CommandContext, at: str, user: str | None, directory: Path | None) -> None:
    """Print units of systemd that make backups and prove them, for `schedule = "external"`."""
    from investiq.foundation.files import replace_whole  # noqa: PLC0415
    from investiq.operate.backup.timer import NotATime, units  # noqa: PLC0415

    try:
        made = units(context.loaded, at, user)
    except NotATime as error:
        raise click.UsageError(f"--at: {error.message}") from error
    if directory is None:
        lines = [line for name, text in made.items() for line in (f"# {name}", *text.splitlines(), "")]
        context.emit("investiq.backup.timer/1", {"units": made}, *lines)
        return
    for name, text in made.items():
        replace_whole(directory / name, text, mode=0o644)
        context.say(f"wrote {directory / name}")
    context.say("then: systemctl daemon-reload && systemctl enable --now investiq-backup.timer")


@command.group(
    "key", cls=ExampleGroup, examples=(("investiq backup key add", "and keep it where this machine is not"),)
)
def key() -> None:
    """The keys that open the repository."""


@key.command("add", examples=(("investiq backup key add", "printed once: keep it elsewhere"),))
@pass_command_context
def add_key(context: CommandContext) -> None:
    """Make a further password of the repository and print it, once: with it a backup is restored elsewhere."""
    from investiq.operate.backup import state as known  # noqa: PLC0415
    from investiq.operate.backup.workspace import workspace  # noqa: PLC0415

    password = secrets.token_urlsafe(24)
    with workspace(context.loaded.config):
        restic = _restic(context.loaded.config)
        restic.add_key(password)
        state = known.read(context.loaded.config)
        state.keys = restic.keys()
        known.keep(context.loaded.config, state)
    context.emit("investiq.backup.key/1", {"repository": restic.shown, "password": password}, password)
    context.say(f"it opens {restic.shown} and is not shown again: keep it where this machine is not")


def _restic(config: Config) -> Restic:
    from investiq.operate.backup import restic  # noqa: PLC0415

    return restic.Restic(config, _ASK_SECONDS)


def end_on_signals() -> None:
    """Have SIGTERM and SIGHUP end this process in order: what is copied is removed, and programs end."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))


def snapshot_document(snapshot: Snapshot) -> dict[str, object]:
    """A snapshot as JSON."""
    return {"snapshot": snapshot.name, "made_at": snapshot.time.isoformat(), "proven": snapshot.proven}


def verification_document(verification: Verification) -> dict[str, object]:
    """A verification as JSON."""
    return {
        "snapshot": snapshot_document(verification.snapshot),
        "proven": verification.is_proven,
        "questions": verification.asked,
        "differences": [asdict(one) for one in verification.differences],
        "missing": verification.missing,
        "seconds": round(verification.seconds, 2),
    }


def tell_verification(verification: Verification) -> list[str]:
    """What it found, for people."""
    name, asked = verification.snapshot.name, verification.asked
    if verification.is_proven:
        return [f"proven: {name} restored, {asked} questions answered as before, in {verification.seconds:.1f} s"]
    return [
        f"NOT proven: {name}, {len(verification.differences)} differences in {asked} questions",
        *(f"  {one.question}: was {one.was}; is {one.now}" for one in verification.differences),
        *(f"  not in this backup: {part} ({why})" for part, why in verification.missing.items()),
    ]


def _tell(context: CommandContext, backup: Backup, verification: Verification | None) -> None:
    document = {
        "backup": snapshot_document(backup.snapshot) | {"proven": verification is not None and verification.is_proven},
        "bytes": backup.sizes,
        "missing": backup.missing,
        "forgotten": backup.forgotten,
        "seconds": round(backup.seconds, 2),
        "verification": verification_document(verification) if verification else None,
    }
    rows = [(part, f"{size / 1e6:,.1f} MB") for part, size in backup.sizes.items()]
    lines = [
        f"backup {backup.snapshot.name} in {backup.seconds:.1f} s",
        *context.table(SIZES, rows),
        *(f"NOT in it: {part}: {why}" for part, why in backup.missing.items()),
        *(tell_verification(verification) if verification else ()),
    ]
    context.emit("investiq.backup/1", document, *lines)
    _tell_place(context)


def _tell_place(context: CommandContext) -> None:
    from investiq.operate.backup.restic import is_beside  # noqa: PLC0415

    restic = _restic(context.loaded.config)
    context.say(f"it is in {restic.shown}")
    if is_beside(context.loaded.config):
        context.say(
            "that is on the disk of the data: it helps against mistakes, not when this disk is lost. Set "
            "backup.repository to a place elsewhere",
            style="yellow",
        )


def _tell_password(context: CommandContext, password: str | None) -> None:
    """Once, and only to a terminal: a log is no place for it."""
    if password is None:
        return
    from investiq.operate.backup.restic import password_file  # noqa: PLC0415

    file = password_file(context.loaded.config)
    context.say(f"A new repository was made; its password is in {file}")
    if context.stderr.isatty():
        context.say(f"The password, shown this once: {password}", style="yellow")
    context.say("Without it no backup can be read. Keep it, or a second one (`investiq backup key add`), elsewhere")

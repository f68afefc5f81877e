"""`investiq audit`: who changed what, from where, and whether the log is whole."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.cli.ledger import opened_ledger
from investiq.cli.login_name import local_actor
from investiq.foundation.vocabulary import AuditAction

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from investiq.foundation.store.audit import AuditRecord, Witness

COLUMNS = ("id", "time", "who", "from", "what", "target", "result", "detail")


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq audit", "the last changes"),
        ("investiq audit --action trading_resumed --limit 10", "one kind of them"),
        ("investiq audit --by alice --json", "what somebody did, for a program"),
        (
            "investiq audit --verify",
            "that no row was altered or taken out; prints the newest hash to be kept elsewhere",
        ),
        ("investiq audit --verify --expect HASH", "and that what had this hash is still there"),
        ("investiq audit --accept", "after an older ledger was restored: take the log as it is"),
    ),
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=30, show_default=True, help="The newest so many.")
@click.option("--action", type=click.Choice(list(map(str, AuditAction))), help="Only this kind of change.")
@click.option("--by", metavar="NAME", help="Only of those whose name has this in it.")
@click.option("--before", type=click.IntRange(1), metavar="ID", help="Only older ones than the row with this id.")
@click.option(
    "--verify", "check", is_flag=True, help="Read the whole log, and say whether its rows follow from each other."
)
@click.option("--expect", metavar="HASH", help="With --verify: a hash that was kept elsewhere must be among them.")
@click.option("--accept", is_flag=True, help="Take the log as it is, though rows are missing at its end; that is kept.")
@pass_command_context
def command(
    context: CommandContext,
    *,
    limit: int,
    action: str | None,
    by: str | None,
    before: int | None,
    check: bool,
    expect: str | None,
    accept: bool,
) -> int | None:
    """Show who changed what, from where, and how it went; newest first. The API need not run."""
    if expect is not None and not check:
        raise click.UsageError("--expect belongs to --verify")
    if accept and check:
        raise click.UsageError("--verify and --accept exclude each other: first look, then accept")
    with opened_ledger(context) as engine:
        if accept:
            return _accept(context, engine)
        if check:
            return _verify(context, engine, expect)
        records = _page(engine, limit, before, action, by)
    rows = [_row(record) for record in records]
    context.emit(
        "investiq.audit/1", {"records": [_document(record) for record in records]}, *context.table(COLUMNS, rows)
    )
    return None


def _page(engine: Engine, limit: int, before: int | None, action: str | None, by: str | None) -> list[AuditRecord]:
    from investiq.foundation.store import reading  # noqa: PLC0415
    from investiq.foundation.store.audit import page  # noqa: PLC0415

    wanted = AuditAction(action) if action else None
    with reading(engine) as connection:
        return list(page(connection, limit=limit, before=before, action=wanted, actor=by))


def _verify(context: CommandContext, engine: Engine, expect: str | None) -> int:
    from investiq.foundation.store import reading  # noqa: PLC0415
    from investiq.foundation.store.audit import verify  # noqa: PLC0415

    witness, unreadable = _witness(context)
    with reading(engine) as connection:
        report = verify(connection, expect, witness)
    report = replace(report, faults=(*unreadable, *report.faults))
    whole = not report.faults
    said = f"{report.rows} rows follow from each other; the newest hash is {report.head}" if whole else ""
    context.emit("investiq.audit.chain/1", {**asdict(report), "whole": whole}, *([said] if whole else report.faults))
    if whole and expect is None:
        context.say(
            "against who can write into the data folder, too: keep that hash elsewhere, and show it by --expect"
        )
    return ExitCode.DONE if whole else ExitCode.FINDINGS


def _witness(context: CommandContext) -> tuple[Witness | None, tuple[str, ...]]:
    """The row that was the newest when the API last looked, or why that is not known."""
    from investiq.foundation.config import Paths  # noqa: PLC0415
    from investiq.foundation.store.audit_witness import UnreadableWitness, read_witness  # noqa: PLC0415

    try:
        return read_witness(Paths.of(context.loaded.config).audit_witness), ()
    except UnreadableWitness as error:
        return None, (error.message,)


def _accept(context: CommandContext, engine: Engine) -> int:
    """Keep who takes the log as it is, and remember that row as the newest."""
    from investiq.foundation.config import Paths  # noqa: PLC0415
    from investiq.foundation.store import writing  # noqa: PLC0415
    from investiq.foundation.store.audit import AuditEntry, Witness, append  # noqa: PLC0415
    from investiq.foundation.store.audit_witness import keep_witness  # noqa: PLC0415

    before, unreadable = _witness(context)
    what = unreadable[0] if unreadable else f"before: row {before.id}, {before.hash}" if before else "nothing before"
    with writing(engine) as connection:
        kept = append(connection, AuditEntry(AuditAction.AUDIT_ACCEPTED, local_actor(), "audit log", what))
    keep_witness(Paths.of(context.loaded.config).audit_witness, Witness(kept.id, kept.hash))
    context.emit("investiq.audit.accepted/1", {"row": kept.id, "hash": kept.hash})
    context.say(f"the log counts as it is, up to row {kept.id}; rows that were altered stay faults: see --verify")
    return ExitCode.DONE


def _document(record: AuditRecord) -> dict[str, Any]:
    return {**asdict(record), "wall": record.wall.isoformat()}


def _row(record: AuditRecord) -> list[object]:
    return [
        record.id,
        f"{record.wall:%Y-%m-%d %H:%M:%S}",
        record.actor,
        record.origin,
        record.action,
        record.target[:12] if len(record.target) == 32 else record.target,  # the ids of orders and silences are long
        record.result,
        record.detail,
    ]

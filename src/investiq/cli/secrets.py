"""`investiq secrets`: where each secret comes from, and a new one in its place while everything runs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleGroup
from investiq.cli.ledger import opened_ledger
from investiq.cli.login_name import local_actor
from investiq.cli.parameters import Duration
from investiq.foundation.durations import format_duration
from investiq.foundation.vocabulary import AuditAction

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from investiq.foundation.store.audit import Actor
    from investiq.operate.secrets.inventory import OwnSecret, SecretState

COLUMNS = ("name", "from", "changed", "last rotation", "used by")

_OVERLAP = 600.0
_PASSWORD_OVERLAP = 15.0


@click.group(
    cls=ExampleGroup,
    examples=(
        ("investiq secrets list", "every secret, where it comes from and how old it is; never its value"),
        ("investiq secrets rotate heartbeat-token", "a new one; the old one opens for ten minutes more"),
        ("investiq secrets rotate admin-key --now", "the old one opens nothing any more, as after a leak"),
    ),
)
def command() -> None:
    """List secrets, and replace those that InvestIQ makes."""


@command.command("list", examples=(("investiq secrets list --json", "for a program"),))
@pass_command_context
def list_secrets(context: CommandContext) -> None:
    """List every secret: where it comes from, how old it is, who uses it. Never its value."""
    from investiq.operate.secrets.inventory import secret_states  # noqa: PLC0415

    states, rotations = secret_states(context.loaded), _last_rotations(context)
    documents = [_document(state, rotations.get(state.name)) for state in states]
    rows = [_row(state, rotations.get(state.name)) for state in states]
    context.emit("investiq.secrets/1", {"secrets": documents}, *context.table(COLUMNS, rows))
    for state in states:
        if state.note:
            context.say(f"{state.name}: {state.note}")


@command.command(
    "rotate",
    examples=(
        ("investiq secrets rotate heartbeat-token inbox-token", "one after the other"),
        ("investiq secrets rotate prometheus-password --overlap 1h", "for whoever has typed it in elsewhere"),
        ("investiq secrets rotate sessions --now", "end every session at once"),
    ),
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option(
    "--overlap",
    type=Duration(unit_needed=True),
    help="How long the old one opens still.  [default: 10m; of a password, which is waited for, 15s]",
)
@click.option("--now", "at_once", is_flag=True, help="The old one opens nothing any more; what still shows it fails.")
@pass_command_context
def rotate(context: CommandContext, *, names: tuple[str, ...], overlap: float | None, at_once: bool) -> None:
    """Put a new secret in the place of NAME while everything runs.

    What was interrupted, by whatever, works as it is, and the same command goes on with it. The new secret is in the
    file that `secrets list` names; it is not printed.
    """
    from investiq.operate.secrets.inventory import own_secrets  # noqa: PLC0415
    from investiq.operate.secrets.locking import one_at_a_time  # noqa: PLC0415

    if at_once and overlap is not None:
        raise click.UsageError("--overlap and --now exclude each other")
    known = {secret.name: secret for secret in own_secrets(context.loaded.config)}
    for name in names:
        if name not in known:
            raise click.UsageError(_unknown(name, list(known), context))
    documents = []
    with one_at_a_time(context.loaded.config), opened_ledger(context) as engine:
        for name in names:
            secret = known[name]
            until = _rotated(context, engine, secret, _length(secret, overlap, at_once))
            documents.append({"name": name, "old_until": until.isoformat(timespec="seconds")})
    context.emit("investiq.secrets.rotated/1", {"rotated": documents})


def _length(secret: OwnSecret, overlap: float | None, at_once: bool) -> timedelta:
    usual = _PASSWORD_OVERLAP if secret.program else _OVERLAP
    return timedelta(seconds=0 if at_once else usual if overlap is None else overlap)


def _rotated(context: CommandContext, engine: Engine, secret: OwnSecret, overlap: timedelta) -> datetime:
    """Rotate one, and say what to know; until when the old one opens."""
    from investiq.operate.secrets.inventory import SecretKind  # noqa: PLC0415

    actor, now = local_actor(), datetime.now(UTC)
    match secret.kind:
        case SecretKind.KEY:
            _rotate_key(context, engine, secret, overlap, actor)
        case SecretKind.SESSIONS:
            _end_sessions(context, engine, overlap, actor)
            return now + overlap
        case SecretKind.TOKEN:
            _rotate_token(engine, secret, overlap, actor)
        case SecretKind.PASSWORD:
            _rotate_password(context, engine, secret, overlap, actor)
    left = "opens nothing any more"
    if overlap and not secret.program:
        left = f"opens for {format_duration(overlap)} more, until {now + overlap:%H:%M:%S} UTC"
    context.say(f"{secret.name} is a new one, in {secret.file}; the old one {left}")
    return now + overlap


def _rotate_key(context: CommandContext, engine: Engine, secret: OwnSecret, overlap: timedelta, actor: Actor) -> None:
    from investiq.foundation.config import Paths  # noqa: PLC0415
    from investiq.serve.api.keys import KeyStore, key_files, rotate_key_file  # noqa: PLC0415

    file = next(one for one in key_files(Paths.of(context.loaded.config)) if one.path == secret.file)
    rotate_key_file(KeyStore(engine), file, secret.name, overlap, actor)
    stays = "is logged out" if not overlap else "stays logged in"
    context.say(f"who is logged in by the old key {stays}")


def _end_sessions(context: CommandContext, engine: Engine, overlap: timedelta, actor: Actor) -> None:
    from investiq.serve.api.sessions import SessionStore  # noqa: PLC0415

    count = SessionStore(engine).end_all(overlap, actor)
    when = f"in {format_duration(overlap)}" if overlap else "now"
    context.say(f"{count} sessions end {when}; whoever is logged in logs in anew: `investiq login`")


def _rotate_token(engine: Engine, secret: OwnSecret, overlap: timedelta, actor: Actor) -> None:
    from investiq.foundation.token_files import rotate_token  # noqa: PLC0415

    assert secret.file is not None  # noqa: S101  every token has one
    _note(engine, secret, actor, f"begun; the old one opens {format_duration(overlap) if overlap else 'no more'}")
    rotate_token(secret.file, overlap)
    _note(engine, secret, actor, "ended")


def _rotate_password(
    context: CommandContext, engine: Engine, secret: OwnSecret, overlap: timedelta, actor: Actor
) -> None:
    from investiq.foundation import topology  # noqa: PLC0415
    from investiq.operate.secrets.passwords import PasswordRotation  # noqa: PLC0415

    process = next(one for one in topology.PROCESSES if one.name == secret.program)
    _note(engine, secret, actor, f"begun; both open for {format_duration(overlap) if overlap else 'a moment'}")
    with context.progress(f"rotating {secret.name}") as said:
        asyncio.run(PasswordRotation(context.loaded.config, process, overlap, said).run())
    _note(engine, secret, actor, "ended")
    if process is topology.PROMETHEUS and context.loaded.config.monitoring.grafana:
        context.say("Grafana reads the password of Prometheus when it starts: restart it now")


def _note(engine: Engine, secret: OwnSecret, actor: Actor, detail: str) -> None:
    from investiq.foundation.store import writing  # noqa: PLC0415
    from investiq.foundation.store.audit import AuditEntry, append  # noqa: PLC0415

    with writing(engine) as connection:
        append(connection, AuditEntry(AuditAction.SECRET_ROTATED, actor, secret.name, detail))


def _last_rotations(context: CommandContext) -> dict[str, datetime]:
    """Name -> when it was last rotated; nothing where there is no ledger yet, or it does not answer."""
    from investiq.foundation.config import Paths  # noqa: PLC0415
    from investiq.foundation.store import DatabaseUnavailable, reading  # noqa: PLC0415
    from investiq.foundation.store.audit import last_times  # noqa: PLC0415

    config = context.loaded.config
    if config.database_url is None and not Paths.of(config).ledger.exists():
        return {}
    with suppress(DatabaseUnavailable), opened_ledger(context) as engine, reading(engine) as connection:
        return last_times(connection, AuditAction.SECRET_ROTATED)
    return {}


def _unknown(name: str, known: list[str], context: CommandContext) -> str:
    from investiq.foundation.config.fields import settings  # noqa: PLC0415

    setting = settings().get(name)
    if setting is not None and setting.secret:
        where = f" ({context.loaded.source(name).text})" if name in context.loaded.sources else ""
        return f"{name} is not made here: give it a new value where it is set{where}, then `investiq down` and `up`"
    return f"no secret of InvestIQ is called {name!r}: there are {', '.join(known)}"


def _document(state: SecretState, rotated: datetime | None) -> dict[str, str | bool | None]:
    return {
        "name": state.name,
        "set": bool(state.source),
        "source": state.source or None,
        "changed_at": state.changed_at.isoformat(timespec="seconds") if state.changed_at else None,
        "rotated_at": rotated.isoformat(timespec="seconds") if rotated else None,
        "used_by": state.used_by,
        "rotates": state.rotates,
        "note": state.note or None,
    }


def _row(state: SecretState, rotated: datetime | None) -> list[str]:
    never = "never" if state.rotates and state.source else ""
    return [
        state.name,
        state.source or "not set",
        _ago(state.changed_at),
        _ago(rotated) or never,
        state.used_by,
    ]


def _ago(when: datetime | None) -> str:
    return f"{format_duration(datetime.now(UTC) - when)} ago" if when else ""

"""`investiq keys`: API keys, and who is logged in, on the machine that has the ledger; the API need not run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleGroup
from investiq.cli.ledger import opened_ledger
from investiq.cli.login_name import local_actor
from investiq.cli.parameters import Duration
from investiq.foundation.vocabulary import Access

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from investiq.serve.api.keys import ApiKey, KeyStore, UnknownKey
    from investiq.serve.api.sessions import Session

COLUMNS = ("id", "name", "scope", "created", "expires", "last used", "revoked")
SESSION_COLUMNS = ("id", "name", "scope", "created", "expires")


@click.group(
    cls=ExampleGroup,
    examples=(
        ("investiq keys create --name notebook --scope read", "a key that can only read; printed once"),
        ("investiq keys list", "every key, without its secret"),
        ("investiq keys sessions", "who is logged in"),
        ("investiq keys rotate 3f9c2a7b10d4", "replace a key; the old one stays valid for a day"),
        ("investiq keys revoke 3f9c2a7b10d4", "revoke a key for good, or end a session"),
    ),
)
def command() -> None:
    """Create, list, rotate and revoke API keys; end sessions. Scopes: read, trade (and read), admin (and both)."""


@command.command(
    "create",
    examples=(
        ("investiq keys create --name bot --scope trade > bot.key", "into a file"),
        ("investiq keys create --name audit --expires 90d", "expires after 90 days"),
    ),
)
@click.option("--name", required=True, help="Who or what will use it; kept with what it does.")
@click.option(
    "--scope", type=click.Choice(list(map(str, Access))), default="read", show_default=True, help="What it allows."
)
@click.option(
    "--expires", type=Duration(unit_needed=True), help="How long it is valid, such as 90d.  [default: for ever]"
)
@pass_command_context
def create(context: CommandContext, name: str, scope: str, expires: float | None) -> None:
    """Create a key and print its secret, once: only its hash is kept."""
    with _keys(context) as store:
        try:
            life = None if expires is None else timedelta(seconds=expires)
            key, secret = store.create(name, Access(scope), life, local_actor())
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    context.emit("investiq.key/1", {**_document(key), "secret": secret}, secret)
    _tell_new(context, key)


@command.command(
    "rotate",
    examples=(
        (
            "investiq keys rotate 3f9c2a7b10d4 > bot.key",
            "into the file the bot reads; the old key stays valid for a day",
        ),
        ("investiq keys rotate 3f9c2a7b10d4 --now", "the old key stops working at once"),
    ),
)
@click.argument("identifier", metavar="ID")
@click.option(
    "--overlap",
    type=Duration(unit_needed=True),
    default=86_400.0,
    show_default="1d",
    help="How long the old key stays valid.",
)
@click.option("--now", "at_once", is_flag=True, help="Revoke the old key at once.")
@pass_command_context
def rotate(context: CommandContext, *, identifier: str, overlap: float, at_once: bool) -> None:
    """Create a key like the one with ID, print its secret, once, and let the old one end."""
    with _keys(context) as store:
        key, secret = store.rotate(identifier, timedelta(seconds=0 if at_once else overlap), local_actor())
    context.emit("investiq.key/1", {**_document(key), "secret": secret}, secret)
    _tell_new(context, key)
    left = "is revoked" if at_once else f"ends {datetime.now(UTC) + timedelta(seconds=overlap):%Y-%m-%d %H:%M} UTC"
    context.say(f"key {identifier} {left}; who is logged in by it {'is logged out' if at_once else 'stays so'}")


def _tell_new(context: CommandContext, key: ApiKey) -> None:
    end = f"until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "until it is revoked"
    context.say(f"key {key.id} ({key.name}, {key.access}, valid {end}): send it as `Authorization: Bearer …`")
    context.say("it is not shown again")


@command.command("list", examples=(("investiq keys list", "every key, revoked ones too"),))
@pass_command_context
def list_keys(context: CommandContext) -> None:
    """List every key, oldest first."""
    with _keys(context) as store:
        documents = [_document(key) for key in store.all_keys()]
    rows = [_row(document) for document in documents]
    context.emit("investiq.keys/1", {"keys": documents}, *context.table(COLUMNS, rows))


@command.command("sessions", examples=(("investiq keys sessions", "everybody who is logged in, by which key"),))
@pass_command_context
def list_sessions(context: CommandContext) -> None:
    """List who is logged in to the console, oldest first."""
    from investiq.serve.api.sessions import SessionStore  # noqa: PLC0415

    with opened_ledger(context) as engine:
        documents = [_session_document(session) for session in SessionStore(engine).open_sessions()]
    rows = [[document[column] for column in SESSION_COLUMNS] for document in documents]
    context.emit("investiq.sessions/1", {"sessions": documents}, *context.table(SESSION_COLUMNS, rows))


@command.command(
    "revoke",
    examples=(
        ("investiq keys revoke 3f9c2a7b10d4", "by the id that `keys list` shows; its sessions end with it"),
        ("investiq keys revoke 5be02f1c", "end one session, by the id that `keys sessions` shows"),
    ),
)
@click.argument("identifier", metavar="ID")
@pass_command_context
def revoke(context: CommandContext, identifier: str) -> None:
    """Make the key with ID invalid for ever, or end the session with ID; a running API follows within seconds."""
    from investiq.serve.api.keys import KeyStore, UnknownKey  # noqa: PLC0415

    with opened_ledger(context) as engine:
        try:
            key = KeyStore(engine).revoke(identifier, local_actor())
        except UnknownKey as no_key:
            _end_session(context, engine, identifier, no_key)
            return
    context.emit("investiq.key/1", _document(key))
    context.say(f"key {key.id} ({key.name}) is revoked")


def _end_session(context: CommandContext, engine: Engine, identifier: str, no_key: UnknownKey) -> None:
    from investiq.serve.api.sessions import SessionStore, UnknownSession  # noqa: PLC0415

    try:
        session = SessionStore(engine).end(identifier, local_actor())
    except UnknownSession:
        raise no_key from None
    context.emit("investiq.session/1", _session_document(session))
    context.say(f"session {session.id} of {session.key.name} is ended")


@contextmanager
def _keys(context: CommandContext) -> Iterator[KeyStore]:
    from investiq.serve.api.keys import KeyStore  # noqa: PLC0415

    with opened_ledger(context) as engine:
        yield KeyStore(engine)


def _session_document(session: Session) -> dict[str, str]:
    created, expires = (when.isoformat(timespec="seconds") for when in (session.created_at, session.expires_at))
    return {
        "id": session.id,
        "name": session.key.name,
        "scope": session.key.access.value,
        "created": created,
        "expires": expires,
        "key": session.key.id,
    }


def _document(key: ApiKey) -> dict[str, str | None]:
    times = {
        "created": key.created_at,
        "expires": key.expires_at,
        "last_used": key.last_used_at,
        "revoked": key.revoked_at,
    }
    words = {name: when.isoformat(timespec="seconds") if when else None for name, when in times.items()}
    return {"id": key.id, "name": key.name, "scope": key.access.value, **words}


def _row(document: dict[str, str | None]) -> list[str | None]:
    """What a person reads: a key that never ends, or was never used, says so."""
    return list({**document, **{name: document[name] or "never" for name in ("expires", "last_used")}}.values())

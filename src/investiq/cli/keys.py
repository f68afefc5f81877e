"""`investiq keys`: create, list and revoke API keys, on the machine that has the ledger; the API need not run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleGroup

if TYPE_CHECKING:
    from investiq.serve.api.keys import ApiKey, KeyStore

SCOPES = ("read", "trade", "admin")
COLUMNS = ("id", "name", "scope", "created", "revoked")


@click.group(
    cls=ExampleGroup,
    examples=(
        ("investiq keys create --name notebook --scope read", "a key that can only read; printed once"),
        ("investiq keys list", "every key, without its secret"),
        ("investiq keys revoke 3f9c2a7b10d4", "make a key invalid for ever"),
    ),
)
def command() -> None:
    """Create, list and revoke API keys. Scopes: read, trade (and read), admin (and both)."""


@command.command("create", examples=(("investiq keys create --name bot --scope trade > bot.key", "into a file"),))
@click.option("--name", required=True, help="Who or what will use it; kept with what it does.")
@click.option("--scope", type=click.Choice(SCOPES), default="read", show_default=True, help="What it allows.")
@pass_command_context
def create(context: CommandContext, name: str, scope: str) -> None:
    """Create a key and print its secret, once: only its hash is kept."""
    from investiq.serve.api.access import Access  # noqa: PLC0415  loads the database only when a key command runs

    with _keys(context) as store:
        try:
            key, secret = store.create(name, Access(scope))
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    context.emit("investiq.key/1", {**_document(key), "secret": secret}, secret)
    context.say(f"key {key.id} ({name}, {scope}): send it as `Authorization: Bearer …`; it is not shown again")


@command.command("list", examples=(("investiq keys list", "every key, revoked ones too"),))
@pass_command_context
def list_keys(context: CommandContext) -> None:
    """List every key, oldest first."""
    with _keys(context) as store:
        documents = [_document(key) for key in store.all_keys()]
    rows = [[document[column] for column in COLUMNS] for document in documents]
    context.emit("investiq.keys/1", {"keys": documents}, *context.table(COLUMNS, rows))


@command.command("revoke", examples=(("investiq keys revoke 3f9c2a7b10d4", "by the id that `keys list` shows"),))
@click.argument("key_id", metavar="ID")
@pass_command_context
def revoke(context: CommandContext, key_id: str) -> None:
    """Make the key with ID invalid for ever; a running API follows within seconds."""
    with _keys(context) as store:
        key = store.revoke(key_id)
    context.emit("investiq.key/1", _document(key))
    context.say(f"key {key.id} ({key.name}) is revoked")


@contextmanager
def _keys(context: CommandContext) -> Iterator[KeyStore]:
    from investiq.invest import wiring  # noqa: PLC0415
    from investiq.serve.api.keys import KeyStore  # noqa: PLC0415

    engine = wiring.open_store(context.loaded.config)
    try:
        yield KeyStore(engine)
    finally:
        engine.dispose()


def _document(key: ApiKey) -> dict[str, str | None]:
    created, revoked = (
        when.isoformat(timespec="seconds") if when else None for when in (key.created_at, key.revoked_at)
    )
    return {"id": key.id, "name": key.name, "scope": key.access.value, "created": created, "revoked": revoked}

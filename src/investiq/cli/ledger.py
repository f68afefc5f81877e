"""The ledger for commands: they open it themselves, so that they work while the API does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from investiq.cli.context import CommandContext
from investiq.cli.login_name import local_actor
from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import AuditAction

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from investiq.clients.alertmanager.silence import Silence

__all__ = ["note_silence", "opened_ledger"]


@contextmanager
def opened_ledger(context: CommandContext) -> Iterator[Engine]:
    """The database, migrated, for as long as the block runs."""
    from investiq.invest import wiring  # noqa: PLC0415

    engine = wiring.open_store(context.loaded.config)
    try:
        yield engine
    finally:
        engine.dispose()


def note_silence(context: CommandContext, action: AuditAction, silence: Silence) -> None:
    """Keep in the audit log what was done to a silence. It is done: where it cannot be kept, that is said."""
    from investiq.foundation.store import writing  # noqa: PLC0415
    from investiq.foundation.store.audit import AuditEntry, append  # noqa: PLC0415

    until = f"until {silence.ends_at:%Y-%m-%d %H:%M} UTC: " if action in _BEGINNINGS else ""
    entry = AuditEntry(action, local_actor(), silence.id, f"{silence.what} {until}{silence.reason}")
    try:
        with opened_ledger(context) as engine, writing(engine) as connection:
            append(connection, entry)
    except InvestIQError as error:
        context.say(f"done, but not kept in the audit log: {error.message}", style="yellow")


_BEGINNINGS = (AuditAction.SILENCE_PUT, AuditAction.DEPLOY_WINDOW_OPENED)

"""Brings a database to the newest revision. The migrations are package data: no alembic.ini, no working directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import Connection, Engine, inspect, text

from investiq.foundation.errors import InvestIQError
from investiq.foundation.store.engine import reading, writing

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["NEWEST_REVISION", "LedgerTooNew", "migrate", "refuse_newer"]

NEWEST_REVISION = "0006"


class LedgerTooNew(InvestIQError):
    """The database was migrated by a later version of InvestIQ."""

    reason: ClassVar[str] = "ledger_too_new"


def migrate(engine: Engine) -> None:
    """Apply every migration that is missing, in one transaction: all of them or none.

    Raises:
        LedgerTooNew: the database is at a revision that this version does not know.
        DatabaseUnavailable: the database failed.
    """
    with reading(engine) as connection:
        if _revision(connection) == NEWEST_REVISION:
            return
    from alembic import command  # noqa: PLC0415  10 MB and half a second that only a migration has to pay

    config = _scripts()
    with writing(engine) as connection:
        _refuse_unknown(_revision(connection), config)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def refuse_newer(connection: Connection) -> None:
    """See that this version of InvestIQ can use, or migrate, a database.

    Raises:
        LedgerTooNew: it is at a revision that this version does not know.
    """
    revision = _revision(connection)
    if revision != NEWEST_REVISION:
        _refuse_unknown(revision, _scripts())


def _scripts() -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # A percent sign in the path would be read as interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    """The revision of the database, as Alembic keeps it; None before the first migration."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _refuse_unknown(revision: str | None, scripts: Config) -> None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    known = {script.revision for script in ScriptDirectory.from_config(scripts).walk_revisions()}
    if revision is not None and revision not in known:
        raise LedgerTooNew(
            f"the ledger is at revision {revision!r}, which this version of InvestIQ does not know (its newest is "
            f"{NEWEST_REVISION!r}): run the newer version again, or restore a backup made before the upgrade"
        )

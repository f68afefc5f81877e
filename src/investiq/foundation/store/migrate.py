"""Brings a database to the newest revision. The migrations are package data: no alembic.ini, no working directory."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from investiq.foundation.errors import InvestIQError
from investiq.foundation.store.engine import writing

__all__ = ["LedgerTooNew", "migrate"]


class LedgerTooNew(InvestIQError):
    """The database was migrated by a later version of InvestIQ."""

    reason: ClassVar[str] = "ledger_too_new"


def migrate(engine: Engine) -> None:
    """Apply every migration that is missing, in one transaction: all of them or none.

    Raises:
        LedgerTooNew: the database is at a revision that this version does not know.
        DatabaseUnavailable: the database failed.
    """
    config = _config()
    with writing(engine) as connection:
        _refuse_unknown(connection, ScriptDirectory.from_config(config))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    # A percent sign in the path would be read as interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_unknown(connection: Connection, scripts: ScriptDirectory) -> None:
    revision = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise LedgerTooNew(
            f"the ledger is at revision {revision!r}, which this version of InvestIQ does not know (its newest is "
            f"{scripts.get_current_head()!r}): run the newer version again, or restore a backup made before the upgrade"
        )

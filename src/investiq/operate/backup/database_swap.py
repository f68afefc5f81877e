"""A database of PostgreSQL replaced by another one: filled beside it, then both renamed in one transaction.

That transaction is the moment from which a restore has happened. Whoever comes after a killed process, or after a
connection that broke in the middle of it, sees by the names that there are on which side of it the server is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from investiq.operate.backup import postgres
from investiq.operate.backup.errors import BackupFailed
from investiq.operate.backup.postgres import quoted

__all__ = ["DatabaseSwap", "has_tables"]

_OTHERS = text(
    "SELECT string_agg(DISTINCT coalesce(nullif(application_name, ''), usename, backend_type), ', ') "
    "FROM pg_stat_activity WHERE datname = :name AND backend_type = 'client backend'"
)
_MINE = text("SELECT pg_has_role(current_user, datdba, 'USAGE') FROM pg_database WHERE datname = :name")
_TABLES = text(
    "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname NOT LIKE 'pg\\_%' AND schemaname <> 'information_schema')"
)


@dataclass(frozen=True, slots=True)
class DatabaseSwap:
    """One replacement.

    Attributes:
        url: of the database that is replaced, or that is to be there.
        new: the name of what comes in its place.
        aside: the name under which what was there stays; None where nothing was.
    """

    url: URL
    new: str
    aside: str | None

    @classmethod
    def planned(cls, url: URL, stamp: str) -> DatabaseSwap:
        """The replacement of what is there now.

        Raises:
            BackupFailed: the role may not rename what is there, or the server cannot be asked.
        """
        with postgres.server(url) as connection:
            is_mine = connection.scalar(_MINE, {"name": url.database})
            user = connection.scalar(text("SELECT current_user"))
        if is_mine is False:
            raise BackupFailed(
                f"the database {url.database} belongs to another role than {user}, which therefore cannot replace it: "
                f"ALTER DATABASE {quoted(str(url.database))} OWNER TO {quoted(str(user))}"
            )
        stamp = stamp.replace("-", "_")
        aside = None if is_mine is None else postgres.beside(url, f"before_{stamp}")
        return cls(url, postgres.beside(url, f"restored_{stamp}"), aside)

    @classmethod
    def noted(cls, document: Mapping[str, Any], url: URL | None) -> DatabaseSwap:
        """As a journal has it.

        Raises:
            BackupFailed: the ledger is not there any more.
        """
        if url is None or url.database != document["database"]:
            raise BackupFailed(
                f"a restore of the ledger in the database {document['database']} was interrupted, and database_url "
                "does not name it any more: set it as it was, then run this again"
            )
        return cls(url, str(document["new"]), document["aside"])

    @property
    def document(self) -> dict[str, str | None]:
        """For a journal; without address and password."""
        return {"database": self.url.database, "new": self.new, "aside": self.aside}

    def commit(self) -> None:
        """Put the new one in its place.

        Raises:
            BackupFailed: the server did not, or the connection to it broke: `is_committed` says which.
        """
        target = quoted(str(self.url.database))
        with postgres.server(self.url) as connection:
            connection.rollback()
            connection.execution_options(isolation_level="READ COMMITTED")
            try:
                with connection.begin():
                    if self.aside is not None:
                        postgres.say(connection, f"ALTER DATABASE {target} RENAME TO {quoted(self.aside)}")
                    postgres.say(connection, f"ALTER DATABASE {quoted(self.new)} RENAME TO {target}")
            except DBAPIError as error:
                raise self._not_renamed(connection, error) from None

    def _not_renamed(self, connection: Connection, error: DBAPIError) -> BackupFailed:
        said = postgres.first_line(error)
        if connection.invalidated or not (others := connection.scalar(_OTHERS, {"name": self.url.database})):
            return BackupFailed(f"the database {self.url.database} was not replaced: {said}")
        return BackupFailed(
            f"the database {self.url.database} cannot be replaced while others are connected to it ({others}): end "
            "their sessions, then restore again"
        )

    def is_committed(self) -> bool:
        """Whether the new one is in its place.

        Raises:
            BackupFailed: the server cannot be asked, or somebody has renamed or dropped the databases since.
        """
        with postgres.server(self.url) as connection:
            there = postgres.names_of(connection, self.url.database, self.new, self.aside)
        if self.new in there:
            return False
        if {self.url.database, self.aside} - {None} <= there:
            return True
        raise BackupFailed(
            f"a restore was interrupted, and of the databases that it left only {sorted(there) or 'none'} are there: "
            f"the old ledger was {self.aside or 'none'}, the new one {self.new}. Give the right one the name "
            f"{self.url.database}"
        )

    def discard(self) -> None:
        """Remove the new one.

        Raises:
            BackupFailed: it cannot be removed.
        """
        postgres.drop(self.url, self.new)


def has_tables(url: URL) -> bool:
    """Whether there is something in the database that a restore would replace.

    Raises:
        BackupFailed: the server cannot be asked.
    """
    with postgres.server(url) as connection:
        if not postgres.names_of(connection, url.database):
            return False
    with postgres.session(url) as connection:
        return bool(connection.scalar(_TABLES))

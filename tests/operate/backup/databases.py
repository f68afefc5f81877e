"""Databases of a role that is no superuser: it owns its database, and may make others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.engine import URL

from investiq.operate.backup import postgres, swap
from investiq.operate.backup.database_swap import DatabaseSwap
from investiq.operate.backup.questions import about_ledger

ROLE = "ledger role"
PASSWORD = "not-on-a-command-line"
STAMP = "20261127-120000"


@contextmanager
def administrator(url: str) -> Iterator[Connection]:
    """The superuser in a database of the server."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def asked(url: URL) -> dict[str, Any]:
    with postgres.session(url) as connection:
        return about_ledger(connection)


def databases(url: URL) -> set[str]:
    """The ledger's database and those beside it."""
    with postgres.server(url) as connection:
        query = text("SELECT datname FROM pg_database WHERE starts_with(datname, :name)")
        return set(connection.execute(query, {"name": url.database}).scalars())


# ---- a database of one table ----


def filled(url: URL, rows: int = 3) -> None:
    with postgres.session(url) as connection, connection.begin():
        connection.execute(text("CREATE TABLE orders (id int)"))
        connection.execute(text("INSERT INTO orders SELECT generate_series(1, :rows)"), {"rows": rows})


def orders(url: URL) -> int:
    with postgres.session(url) as connection:
        return int(connection.scalar(text("SELECT count(*) FROM orders")) or 0)


def dumped(url: URL, folder: Path) -> Path:
    file = folder / "ledger.dump"
    with postgres.session(url) as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        postgres.dump(url, file, 60, str(connection.scalar(text("SELECT pg_export_snapshot()"))))
    return file


def replace(url: URL, folder: Path) -> None:
    """Replace a file, and the database by one with a single order."""
    folder.mkdir(exist_ok=True)
    (folder / "file").write_text("old")
    (folder / "new").write_text("new")

    def fill(database: DatabaseSwap) -> None:
        postgres.create(url, database.new)
        filled(url.set(database=database.new), 1)

    database = DatabaseSwap.planned(url, STAMP)
    swap.swap_all(folder / "journal", [(folder / "new", folder / "file")], STAMP, database, fill)


def put_back(url: URL) -> None:
    """What was replaced in its place again, for the next try."""
    (aside,) = databases(url) - {url.database}
    postgres.drop(url, str(url.database))
    with postgres.server(url) as connection:
        postgres.say(connection, f'ALTER DATABASE "{aside}" RENAME TO "{url.database}"')

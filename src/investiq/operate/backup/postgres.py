"""A ledger in PostgreSQL: its dump, and databases beside the ledger's that a dump is restored into."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

from psycopg.pq import Conninfo
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from investiq.foundation.config import Config
from investiq.foundation.config.paths import ledger_url
from investiq.foundation.store import public_url
from investiq.foundation.subprocesses import follow
from investiq.operate.backup.errors import BackupFailed

__all__ = [
    "beside",
    "create",
    "drop",
    "dump",
    "environment",
    "first_line",
    "names_of",
    "postgres_ledger",
    "quoted",
    "restore_into",
    "say",
    "scratch_database",
    "server",
    "session",
]

_ELSEWHERE = ("postgres", "template1")
"""Databases to be in while another one is made or renamed: the two that PostgreSQL's own `createdb` tries."""
_ONE_AT_A_TIME = 0x1_4E5653
"""The advisory lock of whoever makes or renames databases. A backend that makes one outlives a client that was killed,
and has the lock until it has ended: only then can it be said which databases there are."""
_WAITS = "-c lock_timeout=60000 -c statement_timeout=0 -c timezone=UTC"
_NAME_BYTES = 63


def postgres_ledger(config: Config) -> URL | None:
    """Where the ledger is, with the driver that is installed; None where it is a file of SQLite."""
    url = make_url(ledger_url(config))
    return None if url.get_backend_name() == "sqlite" else url.set(drivername="postgresql+psycopg")


def dump(url: URL, target: Path, seconds: float, snapshot: str) -> None:
    """Dump the whole database.

    Args:
        snapshot: an exported one, whose moment the dump is of.

    Raises:
        BackupFailed: it cannot be dumped.
    """
    _run(("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={target}"), url, seconds)


def restore_into(url: URL, file: Path, seconds: float) -> None:
    """Fill an empty database with what was dumped. Owner is who restores; rights of other roles are not restored.

    Never through psql: a dump is data, and psql would run the commands for its own shell that somebody wrote into one.

    Raises:
        BackupFailed: it was not restored.
    """
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    _run(("pg_restore", *options, f"--dbname={url.database}", str(file)), url, seconds)


@contextmanager
def scratch_database(url: URL, file: Path, seconds: float, owner: Path) -> Iterator[Connection]:
    """A database beside the ledger's that holds the dump, and is gone afterwards.

    Args:
        owner: the data_dir that it is for; one that a killed process of the same has left is removed first.

    Raises:
        BackupFailed: the role may not make one, or the dump cannot be restored.
    """
    whose = sha256(f"{socket.gethostname()}:{owner.resolve()}".encode()).hexdigest()[:8]
    name = beside(url, f"scratch_{whose}")
    try:
        create(url, name)
        restore_into(url.set(database=name), file, seconds)
        with session(url.set(database=name)) as connection:
            yield connection
    finally:
        drop(url, name)


# ---- databases of the server ----


def beside(url: URL, ending: str) -> str:
    """The name of another database, that begins like the ledger's."""
    name = (url.database or "investiq").encode()[: _NAME_BYTES - len(ending) - 1].decode("utf-8", "ignore")
    return f"{name}_{ending}"


def create(url: URL, name: str) -> None:
    """Make an empty database like that of `url`, in the place of one that a killed process has left.

    Raises:
        BackupFailed: it cannot be made.
    """
    with server(url) as connection:
        like = connection.execute(
            text("SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = :name"),
            {"name": url.database},
        ).one_or_none()
        options = " ENCODING {} LC_COLLATE {} LC_CTYPE {}".format(*map(_literal, like)) if like is not None else ""
        say(connection, f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
        try:
            say(connection, f"CREATE DATABASE {quoted(name)} TEMPLATE template0{options}")
        except DBAPIError as error:
            raise BackupFailed(
                f"no database can be made to restore the ledger into ({first_line(error)}): let its role, "
                f"ALTER ROLE {quoted(str(url.username))} CREATEDB"
            ) from None


def drop(url: URL, name: str) -> None:
    """Remove a database, whoever is in it; nothing where there is none.

    Raises:
        BackupFailed: it cannot be removed.
    """
    with server(url) as connection:
        say(connection, f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")


def names_of(connection: Connection, *names: str | None) -> set[str]:
    """Those of the names that databases have."""
    found = connection.execute(
        text("SELECT datname FROM pg_database WHERE datname = ANY(:names)"),
        {"names": [name for name in names if name is not None]},
    )
    return set(found.scalars())


@contextmanager
def server(url: URL) -> Iterator[Connection]:
    """A session of the server outside the ledger's database, the only one of ours at this moment.

    Raises:
        BackupFailed: the server does not let us in, or fails meanwhile.
    """
    with ExitStack() as held:
        for last, name in enumerate(_ELSEWHERE, start=1):
            try:
                connection = held.enter_context(session(url.set(database=name)))
            except BackupFailed:
                if last == len(_ELSEWHERE):
                    raise
            else:
                break
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME})
        yield connection


@contextmanager
def session(url: URL) -> Iterator[Connection]:
    """A session of one database.

    Raises:
        BackupFailed: the server does not let us in, or fails meanwhile.
    """
    engine = create_engine(url, poolclass=NullPool, connect_args={"options": _WAITS, "connect_timeout": 10})
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise BackupFailed(f"PostgreSQL, {public_url(url)}: {first_line(error)}") from None
    finally:
        engine.dispose()


def say(connection: Connection, statement: str) -> None:
    """Have a statement done that takes names, not values: as it stands, no colon or percent sign means anything."""
    connection.exec_driver_sql(statement)


def quoted(name: str) -> str:
    """A name within a statement."""
    return '"{}"'.format(name.replace('"', '""'))


def first_line(error: DBAPIError) -> str:
    """What the server says, without the statement."""
    return (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]


def _literal(value: str) -> str:
    return "'{}'".format(value.replace("'", "''"))


# ---- programs ----


def environment(url: URL) -> dict[str, str]:
    """Where the programs connect to; not on their command line, which everybody can read.

    By libpq's own names of its variables. What has none, such as keepalives, only tunes a connection.
    """
    variables = {one.keyword.decode(): one.envvar.decode() for one in Conninfo.get_defaults() if one.envvar}
    known = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
        **url.query,
    }
    return {variables[name]: _text(value) for name, value in known.items() if value and name in variables}


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _run(command: tuple[str, ...], url: URL, seconds: float) -> None:
    try:
        ended = follow(command, seconds, environment(url), lambda _: None)
    except OSError as error:
        raise BackupFailed(f"{command[0]} cannot be started ({error.strerror}): install postgresql-client") from error
    if ended.timed_out:
        raise BackupFailed(
            f"{command[0]} had not ended after {seconds / 3600:.1f} h and was ended: backup.max_hours sets how long it "
            "may take"
        )
    if not ended.succeeded:
        said = ended.output.strip().splitlines()
        raise BackupFailed(f"{command[0]} failed: {said[0] if said else f'exit code {ended.exit_code}'}")

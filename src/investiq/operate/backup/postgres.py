"""A ledger in PostgreSQL: its dump restored for a look, or in earnest."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from investiq.foundation.subprocesses import run
from investiq.operate.backup.errors import BackupFailed

__all__ = ["dump", "environment", "restore_into", "scratch_database"]


def dump(url: URL, target: Path, seconds: float, snapshot: str | None = None) -> None:
    """Dump the whole database.

    Args:
        snapshot: an exported one, whose moment the dump is of.

    Raises:
        BackupFailed: it cannot be dumped.
    """
    at = (f"--snapshot={snapshot}",) if snapshot else ()
    _run(("pg_dump", "--format=custom", *at, f"--file={target}"), url, seconds)


def restore_into(url: URL, file: Path, seconds: float) -> None:
    """Replace what the database holds by the dump, in one transaction.

    Raises:
        BackupFailed: it was not replaced.
    """
    options = ("--clean", "--if-exists", "--single-transaction", "--no-owner", "--no-privileges")
    _run(("pg_restore", *options, f"--dbname={url.database}", str(file)), url, seconds)


@contextmanager
def scratch_database(url: URL, file: Path, seconds: float) -> Iterator[Connection]:
    """A database beside the ledger's that holds the dump, and is gone afterwards.

    Raises:
        BackupFailed: the role may not make one, or the dump cannot be restored.
    """
    name = f"investiq_scratch_{secrets.token_hex(6)}"
    here = url.set(drivername="postgresql+psycopg")
    server = create_engine(here, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            try:
                connection.execute(text(f'CREATE DATABASE "{name}"'))
            except DBAPIError as error:
                said = str(error.orig).splitlines()[0]
                raise BackupFailed(
                    f"no database can be made to restore the ledger into ({said}): let its role, "
                    f"ALTER ROLE {url.username} CREATEDB"
                ) from None
            try:
                yield from _restored(here.set(database=name), file, seconds)
            finally:
                connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    finally:
        server.dispose()


def _restored(url: URL, file: Path, seconds: float) -> Iterator[Connection]:
    restore_into(url, file, seconds)
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def environment(url: URL) -> dict[str, str]:
    """Where the programs connect to; not on their command line, which everybody can read."""
    known = {
        "PGHOST": url.host,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": str(url.password) if url.password else None,
        "PGDATABASE": url.database,
        **{f"PG{name.upper()}": str(value) for name, value in url.query.items()},
    }
    return {name: value for name, value in known.items() if value is not None}


def _run(command: tuple[str, ...], url: URL, seconds: float) -> None:
    try:
        ended = run(command, seconds, environment(url))
    except OSError as error:
        raise BackupFailed(f"{command[0]} cannot be started ({error.strerror}): install postgresql-client") from error
    if not ended.succeeded:
        said = ended.output.strip().splitlines()
        raise BackupFailed(f"{command[0]} failed: {said[0] if said else 'it did not end in time'}")

"""Opens the ledger's database, SQLite or PostgreSQL, and its two kinds of transaction: `reading` and `writing`.

One writer at a time, on both databases: SQLite takes its write lock at the start of the transaction (BEGIN IMMEDIATE),
PostgreSQL an advisory lock. What a transaction read before it wrote is therefore still true when it commits, so a risk
decision and the intent it allows are one step, and two requests cannot both spend the last dollar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any, ClassVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from investiq.foundation.errors import InvestIQError
from investiq.foundation.store.connections import POOL, WAIT_SECONDS, ConnectionSlots

__all__ = [
    "DESK_LOCK",
    "DESK_SESSION",
    "ConnectionsExhausted",
    "DatabaseUnavailable",
    "DeskLockLost",
    "UnusableDatabaseUrl",
    "fenced_by",
    "open_engine",
    "outages_named",
    "ping",
    "public_url",
    "reading",
    "tell_waits",
    "writing",
]

_LOCK_WAIT_MS = 5_000
_CONNECT_SECONDS = 5
_WRITER_LOCK = 0x1_4E5651
"""The advisory lock of PostgreSQL that stands for "the writer of this ledger". Any constant does; it is never shown."""
DESK_LOCK = 0x1_4E5652
"""The advisory lock that stands for "the desk of this ledger", held by a session for the desk's life."""

_SLOTS = "investiq_slots"
_WRITES = "investiq_writes"
DESK_SESSION = "investiq_desk_session"
"""Option of an engine: the session that has the lock of the desk which writes through it; none for other programs."""
_POSTGRES = ("postgresql", "postgres")
_EXAMPLES = "sqlite:////var/lib/investiq/ledger.db or postgresql+psycopg://user:password@host/investiq"
_FAULTS_OF_OURS = (IntegrityError, ProgrammingError, DataError, InternalError, NotSupportedError)
"""What a wrong statement raises. Everything else that a driver raises is an outage, also a file that is no database."""


class UnusableDatabaseUrl(InvestIQError):
    """The database URL cannot be used at all: malformed, of another database, or in memory."""

    reason: ClassVar[str] = "database_url"


class DatabaseUnavailable(InvestIQError):
    """The database cannot be reached, or does not answer in time."""

    reason: ClassVar[str] = "database_unavailable"
    retryable: ClassVar[bool] = True


class ConnectionsExhausted(DatabaseUnavailable):
    """The database may well answer, but too many ask it at once."""

    reason: ClassVar[str] = "connections_exhausted"


class DeskLockLost(DatabaseUnavailable):
    """This desk is not known to be the only one any more, so it writes nothing until it is."""

    reason: ClassVar[str] = "desk_lock_lost"


def open_engine(url: str, wait_seconds: float = WAIT_SECONDS) -> Engine:
    """An engine for `url` whose database has answered once.

    Args:
        url: `sqlite:///path` (its folder and file are made when missing) or `postgresql://user:password@host/name`.
        wait_seconds: how long who asks may wait for a connection.

    Raises:
        UnusableDatabaseUrl: the URL is malformed or names a database that the ledger cannot live in.
        DatabaseUnavailable: nothing answers there. Neither error ever shows the password.
    """
    parsed = _parse(url)
    engine = _sqlite_engine(parsed) if parsed.get_backend_name() == "sqlite" else _postgres_engine(parsed)
    engine.update_execution_options(**{_SLOTS: ConnectionSlots(wait_seconds)})
    try:
        ping(engine)
    except DatabaseUnavailable:
        engine.dispose()
        raise
    return engine


def ping(engine: Engine) -> None:
    """Ask the database for an answer.

    Raises:
        DatabaseUnavailable: there is none.
    """
    with reading(engine) as connection:
        connection.execute(text("SELECT 1"))


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one consistent state and never waits for a writer.

    Raises:
        DatabaseUnavailable: the database failed meanwhile.
    """
    with outages_named(engine.url), _slots(engine).taken(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """The transaction of the one writer: committed at the end of the block, undone when the block raises.

    Raises:
        DatabaseUnavailable: the database failed, or another writer held it for longer than five seconds.
        DeskLockLost: the engine is a desk's, and that desk has lost its lock on the ledger.
    """
    with outages_named(engine.url), _slots(engine).taken(), engine.connect() as connection:
        connection.execution_options(**{_WRITES: True})
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})
                _refuse_without_desk_lock(connection)
            yield connection


def fenced_by(connection: Connection, session: int) -> bool:
    """Whether that session of the database still has the lock of the ledger's desk."""
    held = text(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = :session "
        "AND classid = 0 AND objid = :key)"
    )
    return bool(connection.scalar(held, {"session": session, "key": DESK_LOCK}))


def tell_waits(engine: Engine, waited: Callable[[bool], None]) -> None:
    """From now on, call `waited` after each wait for a connection, with whether it was for nothing."""
    _slots(engine).waited = waited


def _slots(engine: Engine) -> ConnectionSlots:
    slots: ConnectionSlots = engine.get_execution_options()[_SLOTS]
    return slots


def _refuse_without_desk_lock(connection: Connection) -> None:
    session = connection.get_execution_options().get(DESK_SESSION)
    if session is not None and not fenced_by(connection, session):
        raise DeskLockLost(
            "the desk has lost its lock on the ledger, with the session of the database that held it: nothing is "
            "written until it has it back"
        )


@contextmanager
def outages_named(url: URL) -> Iterator[None]:
    try:
        yield
    except _FAULTS_OF_OURS:
        raise
    except PoolTimeout:
        raise ConnectionsExhausted(
            "all connections to the database are in use, and none became free in time: ask again, and less at once"
        ) from None
    except DBAPIError as error:
        # `from None`: the driver's own message may hold the connection string, and with it the password.
        raise DatabaseUnavailable(
            f"the database {public_url(url)} does not answer: {_cause(error, url)}. Check that it runs, that this "
            "address is right (setting database_url or variable DATABASE_URL), and that the disk is neither full nor "
            "read-only"
        ) from None


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed.port  # noqa: B018 - a port that is not a number shows only when it is read
    except (ArgumentError, ValueError):
        raise UnusableDatabaseUrl(
            f"the database URL cannot be read (it is not shown, it may hold a password): expected {_EXAMPLES}"
        ) from None
    if parsed.drivername.split("+")[0] in _POSTGRES:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise UnusableDatabaseUrl(f"the database {parsed.drivername!r} is not supported: expected {_EXAMPLES}")
    if parsed.database in (None, "", ":memory:") or "mode" in parsed.query:
        raise UnusableDatabaseUrl(f"a ledger in memory would be lost at the end of the process: expected {_EXAMPLES}")
    return parsed


def _sqlite_engine(url: URL) -> Engine:
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)  # it holds the account and the hashes of keys
    except OSError as error:
        raise DatabaseUnavailable(
            f"the ledger file {path} cannot be opened: {error.strerror}. Check that its folder exists and is writable"
        ) from None
    engine = create_engine(url, connect_args={"timeout": _LOCK_WAIT_MS / 1000}, **POOL)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: SqliteConnection, _record: Any) -> None:
    # Python's sqlite3 opens transactions late and commits before DDL by itself; with None it leaves both to us.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {_LOCK_WAIT_MS}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgres_engine(url: URL) -> Engine:
    # lock_timeout is to PostgreSQL what busy_timeout is to SQLite: a writer that hangs becomes an error, not a silence.
    options = f"-c lock_timeout={_LOCK_WAIT_MS} -c statement_timeout=15000 -c timezone=UTC"
    arguments = {"connect_timeout": _CONNECT_SECONDS, "options": options, "application_name": "investiq"}
    return create_engine(url, pool_pre_ping=True, connect_args=arguments, **POOL)


def public_url(url: URL) -> str:
    return url.set(query={}).render_as_string(hide_password=True)


def _cause(error: DBAPIError, url: URL) -> str:
    lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    cause = lines[0].rstrip(".")
    return cause.replace(str(url.password), "***") if url.password else cause

"""One desk for each ledger: two would both decide on the same money, and send the same orders.

However the process dies, the lock is free then: the kernel lets go of the file beside a SQLite ledger, the server of a
session of PostgreSQL. Such a session can be lost while the desk lives; then every write is refused (`engine.writing`
asks whether it still has the lock) until `check` has it back.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from investiq.foundation.errors import InvestIQError
from investiq.foundation.store.engine import (
    DESK_LOCK,
    DESK_SESSION,
    DatabaseUnavailable,
    fenced_by,
    outages_named,
    public_url,
)

__all__ = ["LedgerInUse", "LedgerLock", "hold_ledger"]

_NAME_BYTES = 63
"""As much of an application_name as PostgreSQL keeps."""
_KEPT_ALIVE = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")
"""A machine that lost its power says nothing: the server would keep the lock of its desk for two hours."""
_KEY = {"key": DESK_LOCK}
_HOLDER = text(
    "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND granted "
    "AND classid = 0 AND objid = :key AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class LedgerInUse(InvestIQError):
    """Another desk has this ledger."""

    reason: ClassVar[str] = "ledger_in_use"


class LedgerLock(ABC):
    """Held from its making until `release`."""

    @abstractmethod
    def check(self) -> None:
        """Make sure that it is still held; take it again where it was lost and is free.

        Raises:
            LedgerInUse: another desk has it now.
            DatabaseUnavailable: it is lost, and cannot be taken again yet.
        """

    @abstractmethod
    def release(self) -> None:
        """Let the next desk have the ledger."""


def hold_ledger(engine: Engine) -> LedgerLock:
    """Be the only desk of this ledger.

    Raises:
        LedgerInUse: another process is; the message says which, and where.
        DatabaseUnavailable: the lock cannot be asked for.
    """
    return _SessionLock(engine) if engine.dialect.name == "postgresql" else _FileLock(engine)


class _FileLock(LedgerLock):
    """A file of its own: SQLite loses its locks on the ledger when anybody in this process closes that file."""

    def __init__(self, engine: Engine) -> None:
        ledger = Path(str(engine.url.database)).resolve()
        path = ledger.with_name(f"{ledger.name}.lock")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise DatabaseUnavailable(f"{path} cannot be opened, which keeps a second desk out: {error}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._file, 500, 0).decode("utf-8", "replace").strip()
            os.close(self._file)
            raise _in_use(engine, holder) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{_myself()}\n".encode(), 0)

    def check(self) -> None:
        """Nobody can take it from this process."""

    def release(self) -> None:
        os.close(self._file)


class _SessionLock(LedgerLock):
    """A session of its own, outside the pool, which would end it or hand it on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions = create_engine(engine.url, poolclass=NullPool, connect_args=_arguments())
        self._session: Connection | None = None
        self.check()

    def check(self) -> None:
        if not self._is_held():
            self._leave()
            with outages_named(self._engine.url):
                self._take()

    def release(self) -> None:
        if self._session is not None:
            with suppress(DBAPIError):  # the server gives up the lock of a session that is gone, only not at once
                self._session.scalar(text("SELECT pg_advisory_unlock(:key)"), _KEY)
        self._leave()

    def _leave(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.invalidate()
            session.close()

    def _is_held(self) -> bool:
        if self._session is None:
            return False
        try:
            return fenced_by(self._session, self._backend)
        except DBAPIError:
            return False

    def _take(self) -> None:
        session = self._sessions.connect().execution_options(isolation_level="AUTOCOMMIT")
        taken = False
        try:
            for setting in _KEPT_ALIVE:
                session.execute(text(f"SET {setting}"))
            taken = bool(session.scalar(text("SELECT pg_try_advisory_lock(:key)"), _KEY))
            if not taken:
                raise _in_use(self._engine, str(session.scalar(_HOLDER, _KEY) or ""))
            self._backend = int(session.scalar(text("SELECT pg_backend_pid()")) or 0)
        finally:
            if not taken:
                session.close()
        self._session = session
        self._engine.update_execution_options(**{DESK_SESSION: self._backend})


def _arguments() -> dict[str, object]:
    name = f"investiq desk, {_myself()}".encode()[:_NAME_BYTES].decode("utf-8", "ignore")
    options = "-c lock_timeout=5000 -c statement_timeout=5000"
    return {"connect_timeout": 5, "tcp_user_timeout": 5000, "options": options, "application_name": name}


def _myself() -> str:
    return f"pid {os.getpid()} on {socket.gethostname()}"


def _in_use(engine: Engine, holder: str) -> LedgerInUse:
    known = re.search(r"pid \d+ on \S+", holder)
    who = f"the process {known.group()}" if known else "another process"
    return LedgerInUse(
        f"the ledger {public_url(engine.url)} is in use by {who}: two desks would spend the same money. End that one "
        "first (`investiq down`), or give this one a ledger of its own (data_dir or database_url)"
    )

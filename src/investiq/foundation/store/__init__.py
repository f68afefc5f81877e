"""The database: engine, tables, migrations. What the rows mean, and the SQL, is in the packages that own them."""

from investiq.foundation.store.connections import reserved_connection
from investiq.foundation.store.engine import (
    ConnectionsExhausted,
    DatabaseUnavailable,
    DeskLockLost,
    UnusableDatabaseUrl,
    open_engine,
    ping,
    public_url,
    reading,
    tell_waits,
    writing,
)
from investiq.foundation.store.ledger_lock import LedgerInUse, LedgerLock, hold_ledger
from investiq.foundation.store.migrate import LedgerTooNew, migrate, refuse_newer

__all__ = [
    "ConnectionsExhausted",
    "DatabaseUnavailable",
    "DeskLockLost",
    "LedgerInUse",
    "LedgerLock",
    "LedgerTooNew",
    "UnusableDatabaseUrl",
    "hold_ledger",
    "migrate",
    "open_engine",
    "ping",
    "public_url",
    "reading",
    "refuse_newer",
    "reserved_connection",
    "tell_waits",
    "writing",
]

"""The database: engine, tables, migrations. What the rows mean, and the SQL, is in the packages that own them."""

from investiq.foundation.store.engine import (
    DatabaseUnavailable,
    DeskLockLost,
    UnusableDatabaseUrl,
    open_engine,
    ping,
    reading,
    writing,
)
from investiq.foundation.store.ledger_lock import LedgerInUse, LedgerLock, hold_ledger
from investiq.foundation.store.migrate import LedgerTooNew, migrate

__all__ = [
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
    "reading",
    "writing",
]

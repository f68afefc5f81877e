"""The database: engine, tables, migrations. What the rows mean, and the SQL, is in the packages that own them."""

from investiq.foundation.store.engine import (
    DatabaseUnavailable,
    UnusableDatabaseUrl,
    open_engine,
    ping,
    reading,
    writing,
)
from investiq.foundation.store.migrate import LedgerTooNew, current_revision, migrate

__all__ = [
    "DatabaseUnavailable",
    "LedgerTooNew",
    "UnusableDatabaseUrl",
    "current_revision",
    "migrate",
    "open_engine",
    "ping",
    "reading",
    "writing",
]

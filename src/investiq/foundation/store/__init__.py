"""The database: engine, tables, migrations. What the rows mean, and the SQL, is in the packages that own them."""

from investiq.foundation.store.engine import (
    DatabaseUnavailable,
    UnusableDatabaseUrl,
    open_engine,
    ping,
    reading,
    writing,
)
from investiq.foundation.store.migrate import LedgerTooNew, migrate

__all__ = [
    "DatabaseUnavailable",
    "LedgerTooNew",
    "UnusableDatabaseUrl",
    "migrate",
    "open_engine",
    "ping",
    "reading",
    "writing",
]

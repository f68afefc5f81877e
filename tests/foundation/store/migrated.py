"""A migrated, empty SQLite ledger without the migration: made once for each process, then copied."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from investiq.foundation.store import migrate, open_engine

__all__ = ["new_ledger"]


def new_ledger(path: Path) -> None:
    """Put a migrated, empty ledger at `path`, in a folder that only its owner sees, unless there is one."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(0o600)
    path.write_bytes(_migrated())


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        engine = open_engine(f"sqlite:///{path}")
        migrate(engine)
        engine.dispose()
        return path.read_bytes()

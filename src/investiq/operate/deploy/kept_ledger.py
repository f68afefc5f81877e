"""The ledger as it was before an upgrade: kept, and put back where the old version could not read the new one.

`python -m investiq.operate.deploy.kept_ledger STEP LEDGER KEPT [REVISION]` does it with the rights of another user.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from contextlib import closing, suppress
from enum import StrEnum
from pathlib import Path

from investiq.foundation.files import sync_folder

__all__ = ["LedgerStep", "step"]


class LedgerStep(StrEnum):
    """What is to be done."""

    REVISION = "revision"
    KEEP = "keep"
    RESTORE = "restore"


def step(what: LedgerStep, ledger: Path, kept: Path, revision: str | None = None) -> str | None:
    """Do one step, while nothing else writes to the ledger.

    Args:
        revision: of the ledger that was kept.

    Returns:
        REVISION, KEEP: the revision of the ledger; RESTORE: where the newer ledger is now, None where it may stay.

    Raises:
        sqlite3.Error, OSError: it cannot be read or copied; the ledger is as it was.
    """
    match what:
        case LedgerStep.REVISION:
            return _revision(ledger)
        case LedgerStep.KEEP:
            _copy(ledger, kept)
            return _revision(kept)
        case LedgerStep.RESTORE:
            return _restore(ledger, kept, revision)


def _revision(ledger: Path) -> str | None:
    with closing(_reading(ledger)) as connection:
        tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if tables else None
    return str(row[0]) if row else None


def _copy(source: Path, target: Path) -> None:
    """All of it or nothing: a copy that was interrupted never has the name."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    with closing(_reading(source)) as origin, closing(sqlite3.connect(draft)) as copy:
        origin.backup(copy)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.rename(target)
    sync_folder(target.parent)


def _restore(ledger: Path, kept: Path, revision: str | None) -> str | None:
    if not kept.exists() or _revision(ledger) == revision or _revision(kept) != revision:
        return None
    aside = ledger.with_name(f"ledger.{time.strftime('%Y%m%d-%H%M%S')}.db")
    _copy(ledger, aside)
    # The old file goes with its journal, before the copy has its name: that of another ledger would be applied to it.
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{ledger}{suffix}").unlink()
    _copy(kept, ledger)
    return str(aside)


def _reading(ledger: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)


if __name__ == "__main__":
    done = step(LedgerStep(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4] if sys.argv[4:] else None)
    print(done or "")  # noqa: T201  read by who has started this

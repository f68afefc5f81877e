"""Where a backup or a restore works: one at a time, private, and cleared of what a killed one has left."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from investiq.foundation.config import Config, Paths
from investiq.operate.backup import swap
from investiq.operate.backup.errors import BackupBusy
from investiq.operate.backup.postgres import postgres_ledger
from investiq.operate.backup.swap import remove

__all__ = ["SCRATCH", "STAGING", "STORES", "scratch", "workspace"]

STAGING = "staging"
"""What is being backed up. Always in one place: restic finds by it what the last snapshot had."""
SCRATCH = "scratch"
"""What was restored to be looked at."""
STORES = "stores"
"""Copies of what programs keep that do not run."""


@contextmanager
def workspace(config: Config) -> Iterator[Path]:
    """The folder of backups, for this process alone; the kernel lets go of it however this process ends.

    Raises:
        BackupBusy: another process has it.
    """
    folder = Paths.of(config).backup
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 40, 0).decode("ascii", "replace").strip() or "?"
            raise BackupBusy(
                f"another backup, verification or restore of {config.data_dir} is at work (process {holder}): wait for "
                "its end"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        swap.recover(Paths.of(config).interrupted_restore, postgres_ledger(config))
        for name in (STAGING, SCRATCH, STORES, "new-key"):
            remove(folder / name)
        yield folder
    finally:
        os.close(lock)


@contextmanager
def scratch(folder: Path, name: str) -> Iterator[Path]:
    """A private folder that is gone afterwards."""
    path = folder / name
    remove(path)
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        remove(path)

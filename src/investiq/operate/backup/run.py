"""A backup from beginning to end: copied while everything runs, asked, stored, and old ones forgotten."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from investiq import __version__
from investiq.foundation.config import Config, LoadedConfig, Paths
from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import replace_whole
from investiq.foundation.vocabulary import BackupPart
from investiq.operate.backup import state as known
from investiq.operate.backup.contents import ANSWERS, FORMAT, MANIFEST, Manifest
from investiq.operate.backup.errors import BackupFailed
from investiq.operate.backup.restic import Restic, Snapshot
from investiq.operate.backup.retention import to_forget
from investiq.operate.backup.sets import Copied, Source, copy_all
from investiq.operate.backup.watchers import remove_left_snapshots
from investiq.operate.backup.workspace import STAGING, scratch, workspace

__all__ = ["Backup", "make_backup"]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made.

    Attributes:
        sizes: bytes of each part.
        missing: part -> why it is not in it.
        new_password: of a repository that was made for it.
        forgotten: how many old ones were.
    """

    snapshot: Snapshot
    sizes: dict[BackupPart, int]
    missing: dict[BackupPart, str] = field(default_factory=dict)
    seconds: float = 0.0
    new_password: str | None = None
    forgotten: int = 0


def make_backup(loaded: LoadedConfig, progress: Callable[[str], None]) -> Backup:
    """Make one.

    Raises:
        BackupBusy: another one is at work.
        BackupFailed: it could not be made; no earlier one is lost.
    """
    config = loaded.config
    with workspace(config) as folder, _noted(config) as state:
        started, restic = time.monotonic(), Restic(config, config.backup.max_hours * 3600)
        new_password = restic.provide()
        restic.unlock()
        remove_left_snapshots(folder, Paths.of(config).prometheus / "snapshots")
        with scratch(folder, STAGING) as staging:
            copied = copy_all(Source(config, loaded.path, folder, staging), progress)
            if not copied.sizes:
                raise BackupFailed(f"nothing could be copied: {'; '.join(copied.missing.values())}")
            _describe(staging, config, copied)
            progress("storing")
            snapshot = restic.backup(staging, lambda share: progress(f"storing: {share:.0%}"))
        forgotten = _forget(restic, config)
        seconds = time.monotonic() - started
        _note(state, restic, copied, snapshot, seconds)
    return Backup(snapshot, copied.sizes, copied.missing, seconds, new_password, forgotten)


def _describe(staging: Path, config: Config, copied: Copied) -> None:
    manifest = Manifest(
        format=FORMAT,
        version=__version__,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        moment=copied.moment,
        retention_days=config.monitoring.retention_days,
        parts=dict(copied.sizes),
        missing=dict(copied.missing),
    )
    replace_whole(staging / MANIFEST, manifest.model_dump_json(indent=1))
    replace_whole(staging / ANSWERS, json.dumps(copied.answers, indent=1))


def _forget(restic: Restic, config: Config) -> int:
    old = to_forget(restic.snapshots(), config.backup.keep_days, datetime.now(UTC))
    restic.forget(old)
    return len(old)


def _note(state: known.BackupState, restic: Restic, copied: Copied, snapshot: Snapshot, seconds: float) -> None:
    state.known = [one.name for one in restic.snapshots()]
    state.keys = restic.keys()
    if copied.missing:
        parts = "; ".join(f"{part}: {why}" for part, why in copied.missing.items())
        state.failed = f"the backup is without {parts}"
        return
    state.made, state.backup_seconds = snapshot.time.timestamp(), seconds
    state.sizes = {part.value: size for part, size in copied.sizes.items()}


@contextmanager
def _noted(config: Config) -> Iterator[known.BackupState]:
    """Keep what becomes of a try, also where it fails."""
    state = known.read(config)
    state.tried, state.failed = time.time(), ""
    try:
        yield state
    except (InvestIQError, OSError) as error:
        state.failed = getattr(error, "message", None) or str(error)
        raise
    finally:
        known.keep(config, state)

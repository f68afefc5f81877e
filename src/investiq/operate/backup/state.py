"""What is known of the last backup and its proof, in a file of data_dir; and the metrics that follow from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from investiq.foundation.config import Config, Paths
from investiq.foundation.files import replace_whole
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.textfile import textfile_text
from investiq.foundation.vocabulary import BackupPart

__all__ = ["BackupState", "keep", "read"]


@dataclass(slots=True)
class BackupState:
    """Times are Unix seconds, 0 for never.

    Attributes:
        tried: when the last backup began.
        made: of which moment the last whole backup is.
        proven: of which moment the newest backup is that a restore has proven.
        failed: why the last try of a backup did not succeed; empty where it did.
        doubted: the questions that the last verification found answered otherwise; empty where it found none.
        sizes: bytes of each part of the last whole backup.
        known: the snapshots that are to be in the repository.
        keys: the keys that are to be in the repository.
    """

    tried: float = 0.0
    made: float = 0.0
    proven: float = 0.0
    failed: str = ""
    doubted: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    backup_seconds: float = 0.0
    verification_seconds: float = 0.0
    known: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def _file(config: Config) -> Path:
    return Paths.of(config).backup / "state.json"


def read(config: Config) -> BackupState:
    """What is known; nothing where the file is not there, or is none."""
    try:
        document: dict[str, Any] = json.loads(_file(config).read_text("utf-8"))
        return BackupState(**{one.name: document[one.name] for one in fields(BackupState) if one.name in document})
    except (OSError, ValueError, TypeError):
        return BackupState()


def keep(config: Config, state: BackupState) -> None:
    """Keep it, and let the node exporter tell it.

    Raises:
        OSError: it cannot be written.
    """
    paths = Paths.of(config)
    paths.backup.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_whole(_file(config), json.dumps(asdict(state), indent=1))
    paths.textfile.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_whole(paths.textfile / "backup.prom", textfile_text(_samples(state)))


def _samples(state: BackupState) -> Mapping[catalogue.Metric, Mapping[tuple[str, ...], float]]:
    return {
        catalogue.BACKUP_MADE: {(): state.made},
        catalogue.BACKUP_PROVEN: {(): state.proven},
        catalogue.BACKUP_FAILED: {(): float(bool(state.failed))},
        catalogue.RESTORE_DOUBTED: {(): float(len(state.doubted))},
        catalogue.BACKUP_BYTES: {(part.value,): float(state.sizes.get(part, 0)) for part in BackupPart},
        catalogue.BACKUP_DURATION: {(): state.backup_seconds},
        catalogue.VERIFICATION_DURATION: {(): state.verification_seconds},
    }

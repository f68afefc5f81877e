"""What a snapshot holds, looked at before any of it is used.

Who has the repository's password can put anything into it. Nothing that is read from a snapshot may lead out of it, and
whatever it says of itself has the form that a backup gives it, or is refused.
"""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from investiq.clients.alertmanager.silence import Silence, silence_of
from investiq.foundation.vocabulary import BackupPart
from investiq.operate.backup.errors import BackupFailed
from investiq.operate.backup.sets import FILES

__all__ = ["ANSWERS", "FORMAT", "MANIFEST", "Contents", "Manifest", "open_contents"]

ANSWERS = "answers.json"
MANIFEST = "manifest.json"
FORMAT = 1


class Manifest(BaseModel):
    """What a backup says of itself.

    Attributes:
        version: of the InvestIQ that made it.
        moment: the Unix time about which metrics were asked; None where there were none.
        retention_days: for which metrics were kept.
        parts: their bytes.
        missing: part -> why it is not in it.
    """

    format: int
    version: str
    made_at: str
    moment: float | None
    retention_days: int
    parts: dict[str, int]
    missing: dict[str, str]


@dataclass(frozen=True, slots=True)
class Contents:
    """A snapshot that was restored into a folder."""

    folder: Path
    manifest: Manifest
    answers: dict[str, Any]

    def file(self, part: BackupPart) -> Path:
        """Where a part is, if it is there."""
        return self.folder / FILES[part]

    def silences(self) -> list[Silence]:
        """Its silences; none where it has no such part.

        Raises:
            ValueError, KeyError, TypeError, OSError: they cannot be read.
        """
        file = self.file(BackupPart.SILENCES)
        return [silence_of(one) for one in json.loads(file.read_text("utf-8"))] if file.exists() else []


def open_contents(folder: Path) -> Contents:
    """Look at a snapshot that was restored into `folder`.

    Raises:
        BackupFailed: it is none, is of another format, or has in it what no backup puts there.
    """
    _refuse_strange_files(folder)
    document = _read(folder / MANIFEST)
    if document.get("format") != FORMAT:
        raise BackupFailed(
            f"{MANIFEST} is of format {document.get('format')!r}, and this version reads {FORMAT}: use the version "
            "that made it"
        )
    try:
        manifest = Manifest.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BackupFailed(f"{MANIFEST} of the snapshot cannot be used: {where}: {first['msg']}") from None
    return Contents(folder, manifest, _read(folder / ANSWERS))


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BackupFailed(f"{file.name} of the snapshot cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise BackupFailed(f"{file.name} of the snapshot holds no table")
    return document


def _refuse_strange_files(folder: Path) -> None:
    """A link would be followed out of the snapshot, a pipe waited for."""
    models = folder / FILES[BackupPart.MODELS]
    for file in folder.rglob("*"):
        mode = file.lstat().st_mode
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode) or (models in file.parents and _is_link_downwards(file))):
            raise BackupFailed(
                f"{file.relative_to(folder)} of the snapshot is neither a file nor a folder, which no backup puts "
                "there: somebody else has made it"
            )


def _is_link_downwards(file: Path) -> bool:
    """As the one to the current model is."""
    return file.is_symlink() and not file.readlink().is_absolute() and ".." not in file.readlink().parts

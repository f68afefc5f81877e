"""Reads OpenSLO files, and appends SLOs to investiq.toml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from investiq.foundation.config.load import ConfigError, LoadedConfig, load
from investiq.foundation.config.slo import CustomSlo
from investiq.foundation.documents import yaml_documents
from investiq.foundation.documents.text import UnreadableFile, read_text
from investiq.foundation.errors import InvestIQError
from investiq.foundation.setting_sources import CONFIG_FILE

__all__ = ["SloFileError", "append_slos", "read_yaml"]


class SloFileError(InvestIQError):
    """A file cannot be read or extended."""

    reason = "usage"


def read_yaml(file: Path) -> list[Any]:
    """Every document of a YAML file.

    Raises:
        SloFileError: it is none.
    """
    try:
        return yaml_documents.load_all(str(file), read_text(file))
    except UnreadableFile as error:
        raise SloFileError(error.message) from error


def append_slos(loaded: LoadedConfig, slos: Sequence[CustomSlo], text: str) -> Path:
    """Append `text`, the `[[slos]]` of `slos`, to the configuration file in use, and return its path.

    The file is replaced whole, and only by one that can be loaded.

    Raises:
        SloFileError: one of them is there already, or the file could not be used with them.
    """
    taken = {slo.name for slo in loaded.config.slos}
    if twice := [slo.name for slo in slos if slo.name in taken]:
        raise SloFileError(
            f"{', '.join(twice)}: there already; remove it from the file first, or import without --write"
        )
    path = loaded.path or Path.cwd() / CONFIG_FILE
    before = read_text(path) if path.exists() else ""
    gap = "\n" if before.strip() else ""
    whole = before + ("" if not before or before.endswith("\n") else "\n") + gap + text
    with TemporaryDirectory(prefix=".investiq-", dir=path.parent) as folder:
        draft = Path(folder) / path.name
        draft.touch(mode=path.stat().st_mode & 0o777 if path.exists() else 0o644)
        draft.write_text(whole, "utf-8")
        try:
            load(draft, {})
        except ConfigError as error:
            raise SloFileError(f"nothing is written, since with them {error.message}") from error
        draft.replace(path)
    return path

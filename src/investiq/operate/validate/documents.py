"""The YAML files of the repository as the offline checks get them: mappings that know their line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from investiq.foundation.documents.text import UnreadableFile, read_text
from investiq.foundation.errors import InvestIQError
from investiq.foundation.findings import Place
from investiq.monitoring.checks.yaml_lines import load_with_lines

__all__ = ["NotYaml", "read_document", "read_documents", "yaml_files"]


class NotYaml(InvestIQError):
    """A file that should be YAML is not.

    Attributes:
        place: the file, and the line where it breaks off.
    """

    reason = "not_yaml"
    fix = "correct the file, or write it anew with `investiq render`"

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


def read_documents(root: Path, folder: str) -> dict[str, Mapping[str, Any]]:
    """Path from `root` -> document, of each YAML file in `folder`.

    Raises:
        NotYaml: one of them is none.
    """
    return {str(path.relative_to(root)): read_document(path, root) for path in yaml_files(root / folder)}


def read_document(path: Path, root: Path) -> Mapping[str, Any]:
    """The mapping that a file holds; an empty one where it holds something else.

    Raises:
        NotYaml: it is none.
    """
    name = str(path.relative_to(root))
    try:
        document = load_with_lines(name, read_text(path, name))
    except UnreadableFile as error:
        raise NotYaml(Place.file(name, line=error.line), f"it {error.what}") from error
    return document if isinstance(document, dict) else {}


def yaml_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yml"))

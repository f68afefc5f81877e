"""YAML whose mappings know their line, so that a finding can say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from investiq.foundation.documents import yaml_documents
from investiq.foundation.documents.yaml_documents import YamlLoader

__all__ = ["line_of", "load_with_lines"]


class _Located(dict[Any, Any]):
    """A mapping, and the line where it starts."""

    line: int


class _Loader(YamlLoader):
    """What any reader gives, with `_Located` for each mapping."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Iterator[_Located]:
    located = _Located()
    located.line = node.start_mark.line + 1
    yield located  # before its values are there: one of them may be an alias of it
    located.update(loader.construct_mapping(node))


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load_with_lines(name: str, text: str) -> Any:
    """The document in `text`.

    Args:
        name: of the file, for the messages.

    Raises:
        UnreadableFile: it is none.
    """
    return yaml_documents.load(name, text, _Loader)


def line_of(mapping: object) -> int | None:
    """The line of a mapping of such a document; None of any other value."""
    return mapping.line if isinstance(mapping, _Located) else None

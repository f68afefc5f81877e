"""The only reader of YAML: safe, and within bounds.

A few lines of nested aliases stand for more than any memory holds, and a few thousand brackets for more than Python's
stack does. So the events are counted first, each alias as all that it stands for; only then a tree is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from investiq.foundation.documents.text import UnreadableFile

__all__ = ["YamlLoader", "compose", "load", "load_all"]

_DEEPEST = 100
"""Levels of nesting; what Prometheus and its like read has about ten."""

_NODE_WEIGHT = 256
_MOST_WEIGHT = 64 * 2**20
"""Of all nodes, aliases written out: a quarter of a million of them, or 64 million characters."""

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_NOT_AS_TAGGED = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)


class YamlLoader(yaml.CSafeLoader):
    """PyYAML's safe loader, with its one kind of error for everything; a date stays the text that it is."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except _NOT_AS_TAGGED as error:  # a number of 5000 digits, `!!int x`
            what = f"the value is none of its type ({node.tag.rpartition(':')[2]}): {error}"
            raise yaml.constructor.ConstructorError(None, None, what, node.start_mark) from error


YamlLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def load(name: str, text: str, loader: type[YamlLoader] = YamlLoader) -> Any:
    """The one document in `text`; None where there is none.

    Args:
        name: of the file, for the messages.

    Raises:
        UnreadableFile: it is no YAML, has a key twice, or is beyond all bounds.
    """
    return _value(name, compose(name, text), loader)


def load_all(name: str, text: str) -> list[Any]:
    """Every document in `text`.

    Raises:
        UnreadableFile: as `load`.
    """
    return [_value(name, document, YamlLoader) for document in _composed(name, text)]


def compose(name: str, text: str) -> yaml.Node | None:
    """The tree of the one document in `text`, its keys scalars; None where there is none.

    Raises:
        UnreadableFile: as `load`.
    """
    first, *further = (*_composed(name, text), None)
    if further[:-1]:
        raise UnreadableFile(name, "has several documents, expected one: split it at `---`", _line(further[0]))
    return first


def _composed(name: str, text: str) -> list[yaml.Node]:
    try:
        _require_bounded(name, text)
        documents = list(yaml.compose_all(text, YamlLoader))
    except yaml.YAMLError as error:
        raise _unreadable(name, error, text.count("\n") + 1) from error
    for document in documents:
        for node in _nodes(document):
            _require_sound(name, node)
    return documents


def _value(name: str, document: yaml.Node | None, loader: type[YamlLoader]) -> Any:
    try:
        return None if document is None else loader("").construct_document(document)
    except yaml.YAMLError as error:
        raise _unreadable(name, error) from error


def _require_bounded(name: str, text: str) -> None:
    weight = 0
    weights: dict[str, int] = {}
    above: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, YamlLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            above.append((event.anchor, weight))
        weight += _own_weight(event)
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in above):
                raise UnreadableFile(name, f"has a value that holds itself (*{event.anchor})", _line(event))
            weight += weights.get(event.anchor or "", 0)
        if isinstance(event, yaml.ScalarEvent) and event.anchor:
            weights[event.anchor] = _own_weight(event)
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = above.pop()
            weights |= {anchor: weight - before} if anchor else {}
        if len(above) > _DEEPEST:
            raise UnreadableFile(name, f"is nested more than {_DEEPEST} levels deep", _line(event))
        if weight > _MOST_WEIGHT:
            what = "holds more than a quarter of a million values, its aliases (*name) written out: split it"
            raise UnreadableFile(name, what, _line(event))


def _own_weight(event: yaml.Event) -> int:
    if isinstance(event, yaml.ScalarEvent):
        return _NODE_WEIGHT + len(event.value)
    return _NODE_WEIGHT if isinstance(event, yaml.NodeEvent) else 0


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Every node once, however many aliases lead to it."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        yield node
        below = node.value if isinstance(node, yaml.CollectionNode) else ()
        for child in (part for one in below for part in (one if isinstance(one, tuple) else (one,))):
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)


def _require_sound(name: str, node: yaml.Node) -> None:
    if isinstance(node, yaml.ScalarNode) and "\0" in node.value:
        raise UnreadableFile(name, "has a NUL character in a value", _line(node))
    keys: set[str] = set()
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if not isinstance(key, yaml.ScalarNode):
            raise UnreadableFile(name, "has a list or a mapping for a key, expected a word", _line(key))
        if key.value in keys:
            raise UnreadableFile(name, f"has the key {key.value!r} twice in one mapping: remove one", _line(key))
        keys.add(key.value)


def _unreadable(name: str, error: yaml.YAMLError, lines: int | None = None) -> UnreadableFile:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "context", None) or " ".join(str(error).split())
    line = None if mark is None else min(mark.line + 1, lines or mark.line + 1)  # it may be past the end
    return UnreadableFile(name, f"is not YAML: {what}", line)


def _line(found: Any) -> int | None:
    return None if found.start_mark is None else int(found.start_mark.line) + 1

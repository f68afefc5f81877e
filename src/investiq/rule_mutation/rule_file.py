"""Rule files as YAML trees: one field changes, everything else stays as it was written.

Values are never converted: what `yes`, `0755` or `5m` mean is up to Prometheus, whose YAML is not Python's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import yaml

from investiq.foundation.documents import yaml_documents
from investiq.foundation.documents.text import UnreadableFile
from investiq.foundation.documents.yaml_documents import YamlLoader
from investiq.promql.parse import ParseError, parse
from investiq.rule_mutation.rule import NOWHERE, Origin, Rule, RuleChange

__all__ = ["RuleFile", "compose", "item", "scalar", "serialize", "with_item"]

_FIELDS = ("for", "keep_firing_for")
_VALUE = re.compile(r"\$value|\.Value")
_STRING = "tag:yaml.org,2002:str"
_MAPPING = "tag:yaml.org,2002:map"


@dataclass(frozen=True)
class RuleFile:
    """A file of alerting and recording rules.

    Attributes:
        name: of the file, for messages.
        text: as it was written.
        rules: in the order of the file.
    """

    name: str
    text: str
    rules: Sequence[Rule]
    _document: yaml.MappingNode = field(repr=False)

    @classmethod
    def parse(cls, name: str, text: str, origin: Origin = NOWHERE) -> RuleFile:
        """Read a rule file.

        Args:
            origin: of all its rules.

        Raises:
            UnreadableFile: it is not YAML, or has no groups.
        """
        document = compose(name, text)
        return cls(name, text, tuple(_told_apart(_rules(name, document), origin)), document)

    def with_change(self, rule: Rule, change: RuleChange) -> str:
        """The text of the file with one change to one of its rules."""
        return serialize(self._with(self._document, rule, change.path, change.after))

    def rewritten(self) -> str:
        """The text of the file with every expression printed anew: what no test may tell from the original."""
        document = self._document
        for rule in self.rules:
            if rule.tree is not None:
                document = self._with(document, rule, ("expr",), str(rule.tree))
        return serialize(document)

    def _with(self, document: yaml.MappingNode, rule: Rule, path: Sequence[str], value: str | None) -> yaml.MappingNode:
        group, position = rule.address
        groups = _sequence(item(document, "groups"))
        rules = _sequence(item(groups.value[group], "rules"))
        new_rule = _with_field(rules.value[position], path, value)
        new_group = with_item(groups.value[group], "rules", _with_element(rules, position, new_rule))
        return with_item(document, "groups", _with_element(groups, group, new_group))


def compose(name: str, text: str) -> yaml.MappingNode:
    """The tree of a YAML mapping, anchors and merge keys written out; an empty one if nothing is written.

    Raises:
        UnreadableFile: it is something else.
    """
    written = yaml_documents.compose(name, text) or yaml.MappingNode(_MAPPING, [])
    if not isinstance(written, yaml.MappingNode):
        raise UnreadableFile(name, "is not a mapping: a rule or test file starts with a key such as `groups:`")
    try:
        return _plain_mapping(written, YamlLoader(""))
    except yaml.constructor.ConstructorError as error:  # `<<: 1`
        raise UnreadableFile(name, f"is not YAML: {error.problem}") from error


def serialize(document: yaml.Node) -> str:
    """The text of a tree."""
    text: str = yaml.serialize(document, Dumper=yaml.CSafeDumper, allow_unicode=True, width=2**30)
    return text


def item(mapping: yaml.Node | None, key: str) -> yaml.Node | None:
    """The value of a key; None without it."""
    if not isinstance(mapping, yaml.MappingNode):
        return None
    return next((value for name, value in mapping.value if name.value == key), None)


def with_item(mapping: yaml.MappingNode, key: str, value: yaml.Node | None) -> yaml.MappingNode:
    """A copy with `key` set; removed where `value` is None."""
    pairs = [(name, value if name.value == key else old) for name, old in mapping.value]
    if item(mapping, key) is None:
        pairs.append((scalar(key), value))
    kept = [(name, new) for name, new in pairs if new is not None]
    return yaml.MappingNode(mapping.tag, kept, flow_style=mapping.flow_style)


def scalar(text: str) -> yaml.ScalarNode:
    """A string, quoted so that no YAML takes it for anything else."""
    return yaml.ScalarNode(_STRING, text, style='"')


def _with_field(rule: yaml.MappingNode, path: Sequence[str], value: str | None) -> yaml.MappingNode:
    name, *below = path
    if not below:
        return with_item(rule, name, None if value is None else scalar(value))
    inner = item(rule, name)
    if not isinstance(inner, yaml.MappingNode):
        raise ValueError(f"{name} is no mapping: a change to {'.'.join(path)} does not belong to this rule")
    return with_item(rule, name, _with_field(inner, below, value))


def _with_element(sequence: yaml.SequenceNode, position: int, new: yaml.Node) -> yaml.SequenceNode:
    elements = [*sequence.value[:position], new, *sequence.value[position + 1 :]]
    return yaml.SequenceNode(sequence.tag, elements, flow_style=sequence.flow_style)


def _told_apart(rules: Iterable[Rule], origin: Origin) -> Iterator[Rule]:
    """Each with its origin, by which rules that are equal in all else differ."""
    seen: Counter[str] = Counter()
    for rule in rules:
        what = repr((rule.group, rule.name, rule.alerting, sorted(rule.labels.items()), str(rule.tree)))
        yield replace(rule, origin=replace(origin, copy=seen[what]))
        seen[what] += 1


def _rules(name: str, document: yaml.MappingNode) -> Iterator[Rule]:
    groups = item(document, "groups")
    if groups is None and document.value:
        raise UnreadableFile(name, "has no `groups`: it is not a file of Prometheus rules")
    for i, group in enumerate(groups.value if isinstance(groups, yaml.SequenceNode) else ()):
        rules = item(group, "rules")
        for j, rule in enumerate(rules.value if isinstance(rules, yaml.SequenceNode) else ()):
            yield _rule(name, _text(item(group, "name")), (i, j), rule)


def _rule(file: str, group: str, address: tuple[int, int], node: yaml.Node) -> Rule:
    alert, record, expr = (item(node, key) for key in ("alert", "record", "expr"))
    if (alert is None) == (record is None) or expr is None:
        what = f"rule {address[1] + 1} of group {group!r} needs `expr`, and `alert` or `record`"
        raise UnreadableFile(file, f"cannot be used: {what}", _line(node))
    problem = tree = None
    try:
        tree = parse(_text(expr))
    except ParseError as error:
        problem = error.message
    fields = {key: _text(value) for key in _FIELDS if (value := item(node, key)) is not None}
    labels = item(node, "labels")
    pairs = labels.value if isinstance(labels, yaml.MappingNode) else ()
    return Rule(
        file=file,
        group=group,
        address=address,
        name=_text(alert or record),
        alerting=alert is not None,
        tree=tree,
        fields=fields,
        labels={_text(key): _text(value) for key, value in pairs},
        problem=problem,
        shows_value=any(_VALUE.search(text) for key in ("labels", "annotations") for text in _texts(item(node, key))),
        line=_line(node),
    )


def _line(node: yaml.Node) -> int | None:
    return None if node.start_mark is None else node.start_mark.line + 1


def _texts(mapping: yaml.Node | None) -> list[str]:
    return [_text(value) for _, value in mapping.value] if isinstance(mapping, yaml.MappingNode) else []


def _text(node: yaml.Node | None) -> str:
    return node.value if isinstance(node, yaml.ScalarNode) else ""


def _sequence(node: yaml.Node | None) -> yaml.SequenceNode:
    if not isinstance(node, yaml.SequenceNode):
        raise ValueError("the rule's address leads to no sequence")
    return node


def _plain_mapping(node: yaml.MappingNode, loader: YamlLoader) -> yaml.MappingNode:
    loader.flatten_mapping(node)  # what is merged comes first: a key of the mapping itself replaces it
    pairs = {name.value: (_plain(name, loader), _plain(value, loader)) for name, value in node.value}
    return yaml.MappingNode(node.tag, list(pairs.values()), node.start_mark, flow_style=node.flow_style)


def _plain(node: yaml.Node, loader: YamlLoader) -> yaml.Node:
    """A copy without anchors and merge keys: whatever they stood for is written out."""
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(node, loader)
    if isinstance(node, yaml.SequenceNode):
        return yaml.SequenceNode(node.tag, [_plain(value, loader) for value in node.value], flow_style=node.flow_style)
    style = node.style if isinstance(node, yaml.ScalarNode) else None
    return yaml.ScalarNode(node.tag, node.value, style=style)

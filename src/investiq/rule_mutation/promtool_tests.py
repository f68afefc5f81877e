"""Files of promtool unit tests: which rule files they load, and which of their groups concern a rule."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import yaml

from investiq.foundation.documents.text import UnreadableFile
from investiq.promql.tree import Selector, nodes
from investiq.rule_mutation.rule import Rule
from investiq.rule_mutation.rule_file import compose, item, scalar, serialize, with_item

__all__ = ["TestFile", "affected_names"]


@dataclass(frozen=True)
class TestFile:
    """A file for `promtool test rules`.

    Attributes:
        name: of the file, for messages.
        patterns: its rule_files, relative to its own folder.
    """

    __test__ = False  # pytest would take the name for a class of tests

    name: str
    patterns: Sequence[str]
    _document: yaml.MappingNode = field(repr=False)

    @classmethod
    def parse(cls, name: str, text: str) -> TestFile:
        """Read a test file.

        Raises:
            UnreadableFile: it is not YAML, or has neither rule files nor tests.
        """
        document = compose(name, text)
        rule_files = item(document, "rule_files")
        if document.value and rule_files is None and item(document, "tests") is None:
            raise UnreadableFile(name, "has neither `rule_files` nor `tests`: it is not a file of promtool tests")
        patterns = rule_files.value if isinstance(rule_files, yaml.SequenceNode) else ()
        return cls(name, tuple(str(node.value) for node in patterns), document)

    def with_rule_files(self, paths: Iterable[str], groups: Collection[int] | None = None) -> str:
        """The text of the file with other rule files.

        Args:
            paths: of the rule files.
            groups: positions of the only groups of tests to keep. A group cannot fail because of another: what fails
                then fails the whole file too; what passes may not.
        """
        tag = "tag:yaml.org,2002:seq"
        document = with_item(self._document, "rule_files", yaml.SequenceNode(tag, [scalar(path) for path in paths]))
        if groups is not None:
            kept = [group for position, group in enumerate(self._groups()) if position in groups]
            document = with_item(document, "tests", yaml.SequenceNode(tag, kept))
        return serialize(document)

    def concerning(self, names: Collection[str]) -> list[int]:
        """The positions of the groups that ask for one of these alerts or series."""
        return [position for position, group in enumerate(self._groups()) if _concerns(group, names)]

    def _groups(self) -> Sequence[yaml.Node]:
        tests = item(self._document, "tests")
        return tests.value if isinstance(tests, yaml.SequenceNode) else ()


def _concerns(group: yaml.Node, names: Collection[str]) -> bool:
    alerts = {node.value for node in _each(group, "alert_rule_test", "alertname")}
    queries = [str(node.value) for node in _each(group, "promql_expr_test", "expr")]
    return not alerts.isdisjoint(names) or any(_may_select(query, names) for query in queries)


def _may_select(query: str, names: Collection[str]) -> bool:
    """A name that merely occurs in the query will do; so will a selector without a name."""
    return any(name in query for name in names) or re.search(r"(^|[\s(,])\{", query) is not None


def _each(group: yaml.Node, tests: str, key: str) -> list[yaml.ScalarNode]:
    several = item(group, tests)
    found = (item(test, key) for test in several.value) if isinstance(several, yaml.SequenceNode) else ()
    return [node for node in found if isinstance(node, yaml.ScalarNode)]


def affected_names(rule: Rule, rules: Sequence[Rule]) -> set[str]:
    """The names of alerts and series that a change to `rule` can change, over any number of recording rules."""
    names = {rule.name, "ALERTS", "ALERTS_FOR_STATE"} if rule.alerting else {rule.name}
    while True:
        further = {other.name for other in rules if other.name not in names and _reads(other, names)}
        if not further:
            return names
        names |= further


def _reads(rule: Rule, names: Collection[str]) -> bool:
    if rule.tree is None:
        return True
    selectors = [node for node in nodes(rule.tree) if isinstance(node, Selector)]
    return any(node.name is None or node.name in names for node in selectors)

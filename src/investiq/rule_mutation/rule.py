"""A rule as the mutation sees it, and one small change to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from investiq.promql.tree import Node

__all__ = ["Mutant", "Rule", "RuleChange"]


@dataclass(frozen=True, slots=True)
class Rule:
    """An alerting or recording rule.

    Attributes:
        file: of the rule, as it was named.
        group: name of its group.
        address: position of the group in the file, and of the rule in the group.
        name: of the alert or of the recorded series.
        alerting: False for a recording rule.
        tree: its expression; None where the parser does not know it.
        fields: the other fields that can be changed, as written: `for`, `keep_firing_for`.
        labels: that it adds.
        problem: why there is no tree.
        shows_value: whether a template in its labels or annotations shows the value of the expression.
        line: of its first key in the file, from 1; None where it comes from no file.
    """

    file: str
    group: str
    address: tuple[int, int]
    name: str
    alerting: bool
    tree: Node | None
    fields: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    shows_value: bool = False
    line: int | None = None


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One change to one field of a rule.

    Attributes:
        path: of the field: ("expr",), ("for",), ("labels", "severity").
        before: the whole field; None where it is added.
        after: the whole field; None where it is removed.
        was: the smallest part that says what changed, for people.
        now: what stands there afterwards; empty where it is dropped.
    """

    path: Sequence[str]
    before: str | None
    after: str | None
    was: str
    now: str

    def __str__(self) -> str:
        if not self.now:
            return f"{self.was} dropped"
        return f"{self.was} -> {self.now}" if self.was else f"{self.now} added"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one change.

    Attributes:
        operator: name of what made the change.
        proof: why no test can tell it from the original, where that is proven; such a mutant is not run.
    """

    rule: Rule
    operator: str
    change: RuleChange
    proof: str | None = None

    @property
    def id(self) -> str:
        """Eight hex digits that stay as long as the rule's expression and labels, and the change, do."""
        rule, change = self.rule, self.change
        labels = sorted(rule.labels.items())  # several rules may record under one name
        parts = (rule.group, rule.name, labels, rule.tree, self.operator, *change.path, change.before, change.after)
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:8]

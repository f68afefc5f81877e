"""A rule as the mutation sees it, and one small change to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from investiq.promql.tree import Node

__all__ = ["NOWHERE", "Mutant", "Origin", "Rule", "RuleChange"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Which of several equal rules one is.

    Attributes:
        path: the parts of its file's path, from the root.
        named: how many of these, the last ones, tell its file from the others of a run.
        copy: how many equal rules stand before it in the file.
    """

    path: tuple[str, ...] = ()
    named: int = 0
    copy: int = 0


NOWHERE = Origin()


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
        origin: tells it from equal rules of this file and of others.
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
    origin: Origin = NOWHERE


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
        """Twelve hex digits that stay as long as the rule, its file's path in the run, and the change do."""
        return self._id(self.rule.origin.named)

    @property
    def ids(self) -> frozenset[str]:
        """What it is, or was, called: its path may begin at another folder in another run, and once had no part."""
        path = self.rule.origin.path
        return frozenset({self._digest()[:8], *(self._id(named) for named in range(len(path) + 1))})

    def _id(self, named: int) -> str:
        path, copy = self.rule.origin.path, self.rule.origin.copy
        return self._digest("/".join(path[len(path) - named :]), *([copy] if copy else []))[:12]

    def _digest(self, *origin: object) -> str:
        rule, change = self.rule, self.change
        labels = sorted(rule.labels.items())  # several rules may record under one name
        parts = (rule.group, rule.name, labels, rule.tree, self.operator, *change.path, change.before, change.after)
        # What is no UTF-8 in a path stands in its text as what cannot be encoded.
        return hashlib.sha256("\n".join(map(str, (*parts, *origin))).encode("utf-8", "surrogateescape")).hexdigest()

"""What an operator is: a small fault of a human, and how to make it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from investiq.promql.tree import Node, places
from investiq.rule_mutation.redundancy import Redundant
from investiq.rule_mutation.rule import Rule, RuleChange

__all__ = ["NodeMutation", "Operator", "Replacement", "Siblings", "in_expression"]

Siblings = Callable[[str], Sequence[str]]
"""The metrics that a human could confuse with a metric."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What takes the place of a node.

    Attributes:
        was: the part that changed, for people.
        now: what it became; empty where it was dropped.
        redundant: tells whether the change makes no difference in its place.
    """

    node: Node
    was: str
    now: str
    redundant: Redundant | None = None


NodeMutation = Callable[[Node, Siblings], Iterable[Replacement]]


@dataclass(frozen=True, slots=True)
class Operator:
    """A kind of mutation.

    Attributes:
        imitates: the fault of a human.
        killed_by: the test that notices.
        changes: the changed rules; each with why it is equivalent, where that is proven.
    """

    name: str
    imitates: str
    killed_by: str
    changes: Callable[[Rule, Siblings], Iterable[tuple[RuleChange, str | None]]]


def in_expression(mutation: NodeMutation) -> Callable[[Rule, Siblings], Iterator[tuple[RuleChange, str | None]]]:
    """The changes of a rule that come from changing any one node of its expression."""

    def changes(rule: Rule, siblings: Siblings) -> Iterator[tuple[RuleChange, str | None]]:
        if rule.tree is None:
            return
        before = str(rule.tree)
        for place in places(rule.tree):
            for new in mutation(place.node, siblings):
                after = str(place.with_node(new.node))
                proof = new.redundant(place, rule) if new.redundant else None
                yield RuleChange(("expr",), before, after, new.was, new.now), proof

    return changes

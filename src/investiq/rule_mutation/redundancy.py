"""Lost matchers that change nothing, by proof: the most common equivalent mutants need no list and no run.

In `A{job="x"} / B{job="x"}` the matcher on B is redundant: series of B of other jobs find no partner in A. Generally: a
matcher on a label is redundant if, on the way up from its selector, that label keeps series apart (aggregations keep
it, functions work on each series alone) until a binary operator matches on that label with a side that has the same
matcher. What is not proven is run.
"""

from __future__ import annotations

from collections.abc import Callable

from investiq.promql.matcher import Matcher
from investiq.promql.tree import (
    PICKS_SERIES,
    SET_OPERATORS,
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    Paren,
    Place,
    Selector,
    Subquery,
)
from investiq.rule_mutation.rule import Rule

__all__ = ["Redundant", "redundant_matcher"]

Redundant = Callable[[Place, Rule], str | None]
"""Whether a change in a place of a rule's expression makes no difference; says why, or None."""

_ACROSS_SERIES = {"absent", "absent_over_time", "scalar", "vector", "label_replace", "label_join", "info"}


def redundant_matcher(matcher: Matcher) -> Redundant:
    """Whether a selector does without `matcher` where it stands; says why, or None."""

    def proof(place: Place, _: Rule) -> str | None:
        child: Node = place.node
        if not isinstance(child, Selector) or child.name is None:
            return None  # series of several names can collide once their name is dropped
        for ancestor in reversed(place.above):
            if isinstance(ancestor, Binary):
                if other := _decides(ancestor, child, matcher):
                    return f"{matcher} stands on the other side of {ancestor.op} too: {other}"
                if not _keeps_apart(ancestor, child):
                    return None
            elif not _passes(ancestor, matcher.label):
                return None
            child = ancestor
        return None

    return proof


def _decides(binary: Binary, child: Node, matcher: Matcher) -> str | None:
    """The selector on the other side that lets only series of `matcher` find a partner."""
    on_the_left = child is binary.left
    other = binary.right if on_the_left else binary.left
    if binary.op == "or" or (binary.op == "unless" and on_the_left):
        return None
    if not _matched(binary, matcher.label) or _may_be_ambiguous(binary, on_the_left):
        return None
    return _has(other, matcher)


def _may_be_ambiguous(binary: Binary, on_the_left: bool) -> bool:
    """Prometheus refuses two series with the same match on the "one" side, even if they find no partner."""
    if binary.op in SET_OPERATORS or binary.matching is None:
        return False
    one_is_left = binary.group is not None and binary.group.keyword == "group_right"
    return on_the_left == one_is_left


def _matched(binary: Binary, label: str) -> bool:
    if binary.matching is None:
        return True
    return (label in binary.matching.labels) == (binary.matching.keyword == "on")


def _has(node: Node, matcher: Matcher) -> str | None:
    """A selector below which gives every series of `node` its `matcher` label; None where there is none."""
    if isinstance(node, Selector):
        holds = all(matcher in matchers for matchers in node.alternatives)
        return str(node) if holds else None
    if isinstance(node, Binary):
        return _has_either(node, matcher)
    picked = isinstance(node, Aggregation) and node.function in PICKS_SERIES
    if not picked and not _passes(node, matcher.label):
        return None
    below = [_has(child, matcher) for child in _operands(node)]
    return below[0] if len(below) == 1 else None


def _has_either(binary: Binary, matcher: Matcher) -> str | None:
    left, right = (_has(side, matcher) for side in (binary.left, binary.right))
    if binary.op in {"or", "unless"}:
        return left if binary.op == "unless" or right else None
    if isinstance(binary.right, Number):
        return left
    if isinstance(binary.left, Number):
        return right
    # Of a match on some labels only, which side's labels survive depends on the cardinality: no proof.
    return (left or right) if binary.matching is None else None


def _operands(node: Node) -> list[Node]:
    match node:
        case Paren(inner):
            return [inner]
        case Negation(operand) | Subquery(operand) | Aggregation(_, operand):
            return [operand]
        case Call(_, arguments):
            return [
                argument for argument in arguments if isinstance(argument, Selector | Subquery | Aggregation | Call)
            ]
        case _:
            return []


def _passes(node: Node, label: str) -> bool:
    """Whether series that differ in `label` below the node stay apart above it, and keep the label."""
    if isinstance(node, Call):
        return node.function not in _ACROSS_SERIES and (label != "le" or node.function != "histogram_quantile")
    if isinstance(node, Aggregation):
        if node.function == "count_values" or node.grouping is None:  # it writes a label, maybe this one
            return False
        return (label in node.grouping.labels) == (node.grouping.keyword == "by")
    return isinstance(node, Paren | Negation | Subquery)


def _keeps_apart(binary: Binary, child: Node) -> bool:
    """Whether the further series of `child` leave the others above the operator as they were."""
    other = binary.right if child is binary.left else binary.left
    if binary.op in {"or", "unless"}:
        return False
    return isinstance(other, Number) or (binary.matching is None and binary.group is None)

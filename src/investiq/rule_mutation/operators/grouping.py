"""Aggregations: by which labels, and how; and the labels by which two sides match."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from investiq.promql.tree import Aggregation, Binary, Grouping, Node
from investiq.rule_mutation.operators.operator import Operator, Replacement, Siblings, in_expression
from investiq.rule_mutation.signs import never_negative, sign_alone

__all__ = ["OPERATORS"]

_SWAPPED = {
    "sum": "max",
    "max": "sum",
    "min": "max",
    "avg": "max",
    "count": "sum",
    "topk": "bottomk",
    "bottomk": "topk",
}


def _label_dropped(node: Node, _: Siblings) -> Iterator[Replacement]:
    if isinstance(node, Aggregation) and node.grouping is not None:
        for grouping, was in _less_one(node.grouping):
            yield Replacement(replace(node, grouping=grouping), was, str(grouping))


def _match_label_dropped(node: Node, _: Siblings) -> Iterator[Replacement]:
    if not isinstance(node, Binary):
        return
    if node.matching is not None:
        for grouping, was in _less_one(node.matching):
            yield Replacement(replace(node, matching=grouping), was, str(grouping))
    if node.group is not None:
        for grouping, was in _less_one(node.group):
            yield Replacement(replace(node, group=grouping), was, str(grouping))


def _less_one(grouping: Grouping) -> Iterator[tuple[Grouping, str]]:
    labels = grouping.labels
    for i in range(len(labels)):
        yield replace(grouping, labels=(*labels[:i], *labels[i + 1 :])), str(grouping)


def _aggregation_swapped(node: Node, _: Siblings) -> Iterator[Replacement]:
    if isinstance(node, Aggregation) and node.function in _SWAPPED:
        new = _SWAPPED[node.function]
        # Of what is never negative, one is 0 where the other is: lemma 2 of `signs`. `min` is 0 much sooner than `max`.
        proof = sign_alone if {node.function, new} == {"sum", "max"} and never_negative(node.operand) else None
        yield Replacement(replace(node, function=new), node.function, new, proof)


OPERATORS = (
    Operator(
        "label-dropped",
        "an aggregation label forgotten: what should be judged apart is mixed",
        "a test with two series that differ in this label, of which one is faulty",
        in_expression(_label_dropped),
    ),
    Operator(
        "match-label-dropped",
        "a label of on(), ignoring() or group_left() forgotten",
        "a test with two series on each side that differ in this label",
        in_expression(_match_label_dropped),
    ),
    Operator(
        "aggregation-swapped",
        "the worst taken for the total, or the other way round",
        "a test with two series in one group, each on the healthy side of the threshold, their total beyond it",
        in_expression(_aggregation_swapped),
    ),
)

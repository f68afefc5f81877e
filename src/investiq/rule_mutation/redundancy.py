"""Lost matchers that change nothing, by proof: the most common equivalent mutants need no list and no run.

In `A{job="x"} / B{job="x"}` the matcher on B is redundant: series of B of other jobs find no partner in A.

**Claim.** Let m be a matcher on a label L of a selector S, and call a series *foreign* where m does not accept its L.
If `redundant_matcher` gives a reason, the expression without m yields the same series with the same values, whatever
there is in the database, and fails to evaluate only where the original fails.

**Proof.** Go up from S, and hold on to this: *nothing but foreign series has changed*. Lemma 1 says so of S; lemmas 2
and 3 of what stands above a node of which it is true; by lemma 4 an operator whose other side has no foreign series
lets no change through, and by lemma 5 it does not fail for a foreign one. From there on both expressions are one. What
no lemma covers is not proven, and is run.

Below, A and B are `a{job="x"}` and `b{job="x"}`, m is `job="x"` in one of them, and C is `c`. A counter-example is an
expression that its lemma excludes, and that does change. tests/rule_mutation/test_proofs.py has promtool evaluate each.
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
    Grouping,
    Negation,
    Node,
    Number,
    Paren,
    Place,
    Selector,
    Subquery,
    nodes,
)
from investiq.rule_mutation.rule import Rule

__all__ = ["Redundant", "redundant_matcher"]

Redundant = Callable[[Place, Rule], str | None]
"""Whether a change in a place of a rule's expression makes no difference; says why, or None."""

_ACROSS_SERIES = {"absent", "absent_over_time", "scalar", "vector", "label_replace", "label_join", "info"}


def redundant_matcher(matcher: Matcher) -> Redundant:
    """Whether a selector does without `matcher` where it stands; says why, or None.

    Lemma 1: without m, a selector yields more series, and all of these are foreign, since m alone kept them out.

    Counter-example: `rate({job="x", env="p"}[5m])`, and whatever else names no metric. Foreign series of two metrics
    may be told apart by their names alone; `rate` takes these away, and Prometheus refuses the same labels twice.
    """

    def proof(place: Place, _: Rule) -> str | None:
        child: Node = place.node
        if not isinstance(child, Selector) or child.name is None:
            return None
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


def _passes(node: Node, label: str) -> bool:
    """Lemma 2: if nothing but foreign series has changed below the node, nothing else has above it.

    For each series above it is made from series of one value of L alone, and has that value: a function works on each
    series by itself, an aggregation on each group, and L is among the labels that tell groups apart.

    Counter-examples: `sum(A)` adds foreign values to the others; `absent(A)` is over once there is a foreign series;
    `topk(1, A)` may pick a foreign one in place of another; `label_replace(A, "job", "x", "", "")` makes foreign series
    look like the others, and `count_values("job", A)` counts them with those; `histogram_quantile` takes `le` away.
    """
    if isinstance(node, Call):
        return node.function not in _ACROSS_SERIES and (label != "le" or node.function != "histogram_quantile")
    if isinstance(node, Aggregation):
        if node.function == "count_values" or node.grouping is None:
            return False
        return (label in node.grouping.labels) == (node.grouping.keyword == "by")
    return isinstance(node, Paren | Negation | Subquery)


def _keeps_apart(binary: Binary, child: Node) -> bool:
    """Lemma 3: if nothing but foreign series has changed on one side, nothing else has above the operator.

    For where the other side is a number, or all labels are matched, a series of the result has the labels, and so the
    L, of the series that it is made from.

    Counter-example: in `C and on (env) A` foreign series of A let series of C through that are not foreign.
    `or` and `unless` are left out: no rule has needed them yet.
    """
    other = binary.right if child is binary.left else binary.left
    if binary.op in {"or", "unless"}:
        return False
    if isinstance(other, Number):
        return True
    return binary.matching is None and binary.group is None and _cannot_collide(binary)


def _decides(binary: Binary, child: Node, matcher: Matcher) -> str | None:
    """Lemma 4: if nothing but foreign series has changed on one side, and the other side has no foreign series, nothing
    at all has changed above an operator that matches on L.

    For a foreign series then finds no partner. `and`, arithmetic and comparisons drop it; on the right of `unless` it
    takes nothing away.

    Counter-examples: `A or B`, and A in `A unless B`, where what finds no partner is let through; `A and on (env) B`
    and `A / ignoring (job) B`, where foreign series do find partners.

    Returns:
        The selector that keeps foreign series out of the other side; None where the lemma does not hold.
    """
    on_the_left = child is binary.left
    other = binary.right if on_the_left else binary.left
    if binary.op == "or" or (binary.op == "unless" and on_the_left):
        return None
    if not _matched(binary, matcher.label) or not _cannot_collide(binary):
        return None
    return _has(other, matcher)


def _matched(binary: Binary, label: str) -> bool:
    if binary.matching is None:
        return True
    return (label in binary.matching.labels) == (binary.matching.keyword == "on")


def _cannot_collide(binary: Binary) -> bool:
    """Lemma 5: foreign series make no operator fail, where no two series of its "one" side can have the same match.

    The "one" side is the right one, but for `group_right`. It has no two such series where all labels are matched and
    all metrics named, or where it is aggregated by labels that are matched. `and`, `or` and `unless` never fail.

    Counter-examples: `A / on (job) B` without m in B, when there are two series of B of one foreign job; and without m
    in A, when two series of B have job x, and all that there is of A is foreign: an empty side would have hidden them.
    Likewise `A / {__name__=~"b|c", job="x"}`, since names are not matched.
    """
    if binary.op in SET_OPERATORS:
        return True
    if binary.matching is None:
        return all(node.name is not None for node in nodes(binary) if isinstance(node, Selector))
    one_is_left = binary.group is not None and binary.group.keyword == "group_right"
    return _one_for_each_match(binary.left if one_is_left else binary.right, binary.matching)


def _one_for_each_match(node: Node, matching: Grouping) -> bool:
    match node:
        case Paren(inner) | Binary(left=inner, right=Number()) | Binary(left=Number(), right=inner):
            return _one_for_each_match(inner, matching)
        case Aggregation(function, _, Grouping("by", labels)) if function not in {*PICKS_SERIES, "count_values"}:
            return all((label in matching.labels) == (matching.keyword == "on") for label in labels)
        case _:
            return False


def _has(node: Node, matcher: Matcher) -> str | None:
    """The selector below that lets no foreign series into `node`; None where there is none.

    It has the matcher m itself, and L comes up to `node` as it is there, for the reasons of lemma 2. `topk` will do
    too: it picks from what there is.

    Counter-examples: `A and (B or C)`, where C brings foreign series; `A and label_replace(B, "job", "y", "", "")`,
    where all are foreign. `A and b{job=~"x"}` would be fine, but patterns are not compared.
    """
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
    # Partners that match on all labels have the same L. Of a match on some labels, which side's labels survive depends
    # on the cardinality: no proof.
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

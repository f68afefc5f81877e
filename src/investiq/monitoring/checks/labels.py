"""The two sides of an operator have comparable labels: otherwise no series finds its partner, and nothing ever fires.

Only what is certain is judged: the labels of the catalogue's series, of recorded ones, and of aggregations `by`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from investiq.monitoring.checks.expressions import Expression, known_series
from investiq.monitoring.checks.finding import Checked, Finding
from investiq.monitoring.mutation.expression import (
    Aggregation,
    Binary,
    Call,
    Grouping,
    Node,
    Number,
    Paren,
    Selector,
    nodes,
)

__all__ = ["check_labels"]

CHECK = "labels"

_KEEPS_LABELS = {
    *("rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear", "abs", "ceil", "floor", "round"),
    *("avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "last_over_time", "count_over_time"),
    *("changes", "resets", "timestamp", "clamp", "clamp_min", "clamp_max"),
}

_Known = Mapping[str, frozenset[str] | None]


def check_labels(found: Sequence[Expression]) -> Checked:
    """Check every operator between series."""
    known: dict[str, frozenset[str] | None] = {name: series.labels for name, series in known_series().items()}
    for one in found:  # a recording stands below those that it reads
        if one.records and one.tree is not None:
            labels = _labels(one.tree, known)
            known[one.records] = None if labels is None else labels | one.adds
    findings = [
        Finding(CHECK, one.where, what, "aggregate both sides by the same labels, or match on(...) those they share")
        for one in found
        if one.tree is not None
        for node in nodes(one.tree)
        if isinstance(node, Binary)
        for what in _faults(node, known)
    ]
    return Checked(CHECK, f"{len(found)} expressions", tuple(findings))


def _faults(binary: Binary, known: _Known) -> Iterator[str]:
    left, right = _labels(binary.left, known), _labels(binary.right, known)
    if left is None or right is None or binary.op == "or" or isinstance(binary.left, Number):
        return
    if isinstance(binary.right, Number):
        return
    if binary.matching is None:
        if left != right:
            yield f"{binary.op} matches {_listed(left)} with {_listed(right)}: no series finds a partner"
    elif binary.matching.keyword == "on":
        for label in binary.matching.labels:
            if label not in left & right:
                yield f"on({label}), but {_listed(left)} and {_listed(right)} do not both have it"


def _labels(node: Node, known: _Known) -> frozenset[str] | None:
    """The labels of what a node yields; None where they are not certain."""
    match node:
        case Selector(name=name):
            return known.get(name or "")
        case Aggregation(grouping=grouping):
            return _grouped(grouping)
        case Call("histogram_quantile", (_, inner)):
            below = _labels(inner, known)
            return None if below is None else below - {"le"}
        case Paren(inner) | Call(_, (inner, *_)) if isinstance(node, Paren) or node.function in _KEEPS_LABELS:
            return _labels(inner, known)
        case Binary(matching=None):
            return _of_operator(node, known)
        case _:
            return frozenset() if isinstance(node, Call) and node.function == "vector" else None


def _of_operator(binary: Binary, known: _Known) -> frozenset[str] | None:
    if binary.op != "or":
        return _labels(binary.right if isinstance(binary.left, Number) else binary.left, known)
    left, right = _labels(binary.left, known), _labels(binary.right, known)
    return left if left == right else None


def _grouped(grouping: Grouping | None) -> frozenset[str] | None:
    if grouping is None:
        return frozenset()
    return frozenset(grouping.labels) if grouping.keyword == "by" else None


def _listed(labels: frozenset[str]) -> str:
    return f"({', '.join(sorted(labels))})"

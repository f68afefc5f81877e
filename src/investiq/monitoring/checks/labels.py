"""The two sides of an operator have comparable labels: otherwise no series finds its partner, and nothing ever fires.

A label that none of the series has is found too, where they are grouped by it. Only what is certain is judged: the
labels of the catalogue's series, of recorded ones, of aggregations `by`, and the values that matchers list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from investiq.foundation.findings import CheckResult, Finding
from investiq.monitoring.checks.expressions import NO_RESULT, Expression, known_series
from investiq.monitoring.exporters import EXTERNAL_METRICS
from investiq.monitoring.exporters.scrape import ALERTS, ALERTS_SINCE
from investiq.monitoring.rules import RECORDINGS
from investiq.monitoring.selectors import TARGET_LABELS
from investiq.promql.matcher import Matcher
from investiq.promql.tree import (
    PICKS_SERIES,
    Aggregation,
    Binary,
    Call,
    Grouping,
    Node,
    Number,
    Paren,
    Selector,
    Subquery,
    nodes,
)

__all__ = ["check_labels", "labels_of"]

CHECK = "labels"

_KEEPS_LABELS = {
    *("rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear", "abs", "ceil", "floor", "round"),
    *("avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "last_over_time", "count_over_time"),
    *("changes", "resets", "timestamp", "clamp", "clamp_min", "clamp_max"),
}

# An alert has the labels of whatever it is about.
_FOREIGN = {
    metric.name: frozenset((*metric.label_names, *TARGET_LABELS))
    for metric in EXTERNAL_METRICS
    if metric not in (ALERTS, ALERTS_SINCE)
}

_Known = Mapping[str, frozenset[str] | None]


def check_labels(found: Sequence[Expression]) -> CheckResult:
    """Check every operator between series."""
    known: dict[str, frozenset[str] | None] = {name: series.labels for name, series in known_series().items()}
    for one in found:  # a recording stands below those that it reads
        if one.records and one.tree is not None:
            labels = _labels(one.tree, known)
            known[one.records] = None if labels is None else labels | one.adds
    findings = [
        Finding(CHECK, one.place, *fault)
        for one in found
        if one.tree is not None
        for node in nodes(one.tree)
        for fault in _faults(node, known)
    ]
    return CheckResult(CHECK, f"{len(found)} expressions", tuple(findings))


def labels_of(tree: Node) -> frozenset[str] | None:
    """The labels that the series of an expression can have; None where they are not certain."""
    known = {name: series.labels for name, series in known_series().items()}
    return _at_most(tree, known | {recording.name: frozenset(recording.labels) for recording in RECORDINGS})


def _faults(node: Node, known: _Known) -> Iterator[tuple[str, str, str]]:
    """What is wrong, what to do, and why it matters."""
    if isinstance(node, Binary):
        share = "aggregate both sides by the same labels, or match on(...) those they share"
        yield from ((what, share, NO_RESULT) for what in _mismatches(node, known))
        select = "let both sides select the same, or ignore the label"
        yield from ((what, select, NO_RESULT) for what in _strangers(node))
    elif isinstance(node, Aggregation) and node.grouping is not None:
        below = _at_most(node.operand, known)
        for label in node.grouping.labels:
            if below is not None and label not in below:
                what = f"{node.function} {node.grouping}, but there is no {label} in {_listed(below)}"
                yield what, "name one of these", "what is to be told apart is thrown together"
    elif isinstance(node, Call) and node.function == "histogram_quantile":
        below = _labels(node.arguments[1], known)
        if below is not None and "le" not in below:
            what = f"histogram_quantile() of {_listed(below)}: there is no le left to tell buckets apart"
            yield what, "keep le: by (..., le)", NO_RESULT


def _strangers(binary: Binary) -> Iterator[str]:
    """Labels that match by name, and never by value: such as those of two values of one label."""
    if binary.op == "or":
        return
    left, right = _fixed(binary.left), _fixed(binary.right)
    for label in left.keys() & right.keys():
        if _is_matched(label, binary.matching) and not left[label] & right[label]:
            values = " and ".join(", ".join(sorted(side[label])) for side in (left, right))
            yield f"{binary.op} matches series of {label} {values}: no series finds a partner"


def _is_matched(label: str, matching: Grouping | None) -> bool:
    return matching is None or (label in matching.labels) == (matching.keyword == "on")


def _fixed(node: Node) -> Mapping[str, frozenset[str]]:
    """The labels of which a node has a few values only, by its matchers."""
    match node:
        case Selector(alternatives=(matchers,)):
            values: dict[str, frozenset[str]] = {}
            for matcher in matchers:
                if (told := _values(matcher)) is not None:
                    values[matcher.label] = values.get(matcher.label, told) & told
            return values
        case Aggregation(grouping=Grouping("by", kept), operand=operand):
            return {label: values for label, values in _fixed(operand).items() if label in kept}
        case Paren(inner) | Subquery(operand=inner):
            return _fixed(inner)
        case Call(function, (inner, *_)) if function in _KEEPS_LABELS:
            return _fixed(inner)
        case Binary(op, left, right, matching, group) if op != "or" and matching is None and group is None:
            return _fixed(right if isinstance(left, Number) else left)
        case _:
            return {}


_PLAIN = re.compile(r"[\w|-]+")


def _values(matcher: Matcher) -> frozenset[str] | None:
    """What a matcher lets through, where it lists it."""
    if matcher.op == "=":
        return frozenset([matcher.value]) if matcher.value else None
    return frozenset(matcher.value.split("|")) if matcher.op == "=~" and _PLAIN.fullmatch(matcher.value) else None


def _mismatches(binary: Binary, known: _Known) -> Iterator[str]:
    if binary.matching is not None and binary.matching.keyword == "on":
        for side in (binary.left, binary.right):
            some = _at_most(side, known)
            for label in binary.matching.labels:
                if some is not None and label not in some:
                    yield f"on({label}), but there is no {label} in {_listed(some)}"
        return
    left, right = _labels(binary.left, known), _labels(binary.right, known)
    if left is None or right is None or binary.op == "or" or isinstance(binary.left, Number):
        return
    if isinstance(binary.right, Number):
        return
    if binary.matching is None:
        if left != right:
            yield f"{binary.op} matches {_listed(left)} with {_listed(right)}: no series finds a partner"
    elif left - set(binary.matching.labels) != right - set(binary.matching.labels) and binary.group is None:
        yield f"{binary.op} {binary.matching} matches {_listed(left)} with {_listed(right)}: no series finds a partner"


def _at_most(node: Node, known: _Known) -> frozenset[str] | None:
    """The labels that a node can have: its own, or where they are not certain all that are known of its series."""
    certain = _labels(node, known)
    if certain is not None:
        return certain
    series = [one for one in nodes(node) if isinstance(one, Selector)]
    made = any(isinstance(one, Call) and one.function.startswith("label_") for one in nodes(node))
    named = [known.get(one.name or "") or _FOREIGN.get(one.name or "") for one in series]
    return None if made or not series or None in named else frozenset().union(*(some for some in named if some))


def _labels(node: Node, known: _Known) -> frozenset[str] | None:
    """The labels of what a node yields; None where they are not certain."""
    match node:
        case Selector(name=name):
            return known.get(name or "")
        case Aggregation(function, operand, grouping):
            return _labels(operand, known) if function in PICKS_SERIES else _grouped(function, grouping)
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


def _grouped(function: str, grouping: Grouping | None) -> frozenset[str] | None:
    if function == "count_values":
        return None
    if grouping is None:
        return frozenset()
    return frozenset(grouping.labels) if grouping.keyword == "by" else None


def _listed(labels: frozenset[str]) -> str:
    return f"({', '.join(sorted(labels))})"

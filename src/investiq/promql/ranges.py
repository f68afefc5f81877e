"""Between which two values a PromQL expression can lie: what is never reached never fires.

Interval arithmetic over the tree. Nothing but certain limits is told: where a function or an operator is not known
here, or its operands may be anything, so may be its result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from investiq.promql.number import number_text
from investiq.promql.series import SeriesFacts
from investiq.promql.tree import (
    COMPARISONS,
    MIRRORED,
    PICKS_SERIES,
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    Paren,
    Selector,
    Subquery,
    nodes,
)

__all__ = ["Range", "Values", "never"]

_RATES = {"rate", "irate", "increase"}
_SAME_VALUES = {
    *("avg_over_time", "min_over_time", "max_over_time", "last_over_time", "first_over_time"),
    *("label_replace", "label_join", "sort", "sort_desc", "scalar", "vector"),
}
_COUNTS = {"count_over_time", "changes", "resets", "stddev_over_time", "stdvar_over_time", "time", "timestamp", "sqrt"}
_ONE = {"absent", "absent_over_time", "present_over_time"}
_SAME_AGGREGATED = {"avg", "min", "max", *PICKS_SERIES}
_PARTS_ADD_UP = {"sum", *_RATES}


@dataclass(frozen=True, slots=True)
class Range:
    """All values from `least` to `most`, both included."""

    least: float = -inf
    most: float = inf

    def __str__(self) -> str:
        least, most = number_text(self.least), number_text(self.most)
        if self.least == self.most:
            return f"always {least}"
        if self.least == -inf:
            return f"at most {most}"
        return f"at least {least}" if self.most == inf else f"between {least} and {most}"

    def or_of(self, other: Range) -> Range:
        return Range(min(self.least, other.least), max(self.most, other.most))


ANY = Range()
_NOT_NEGATIVE = Range(0)
_ZERO_OR_ONE = Range(0, 1)


def never(op: str, left: Range, right: Range) -> bool:
    """Whether a comparison is false whatever the two sides are."""
    match op:
        case ">":
            return left.most <= right.least
        case ">=":
            return left.most < right.least
        case "<" | "<=":
            return never(MIRRORED[op], right, left)
        case "==":
            return left.most < right.least or right.most < left.least
        case _:
            return left.least == left.most == right.least == right.most


class Values:
    """What the expressions of a set of rules can be.

    Args:
        known: name of each series -> what it is.
        recorded: name of each recorded series -> the expressions that are recorded as it.
    """

    def __init__(self, known: Mapping[str, SeriesFacts], recorded: Mapping[str, Sequence[Node]]) -> None:
        self._known = known
        self._recorded = recorded
        self._of_recorded: dict[str, Range] = {}

    def of(self, node: Node) -> Range:  # noqa: PLR0911  one answer for each kind of node
        """The values that a node can have."""
        match node:
            case Number(value):
                return Range(value, value)
            case Paren(inner):
                return self.of(inner)
            case Selector():
                return self._of_selector(node)
            case Subquery(operand=operand):
                return self.of(operand)
            case Negation(operand):
                inside = self.of(operand)
                return Range(-inside.most, -inside.least)
            case Call():
                return self._of_call(node)
            case Aggregation():
                return self._of_aggregation(node)
            case Binary():
                return self._of_binary(node)
            case _:
                return ANY

    def _of_selector(self, selector: Selector) -> Range:
        name = selector.name or ""
        if name in self._known:
            series = self._known[name]
            return _NOT_NEGATIVE if series.counts else Range(*series.bounds) if series.bounds else ANY
        if name not in self._of_recorded:
            self._of_recorded[name] = ANY  # of a recording that reads itself
            ranges = [self.of(tree) for tree in self._recorded.get(name, ())]
            self._of_recorded[name] = (
                Range(min(r.least for r in ranges), max(r.most for r in ranges)) if ranges else ANY
            )
        return self._of_recorded[name]

    def _of_call(self, call: Call) -> Range:  # noqa: PLR0911  one answer for each kind of function
        arguments = call.arguments
        if call.function in _ONE:
            return Range(1, 1)
        if call.function in _COUNTS | _RATES:
            return _NOT_NEGATIVE
        if call.function in _SAME_VALUES and arguments:
            return self.of(arguments[0])
        if call.function == "sum_over_time":
            return _total(self.of(arguments[0]))
        if call.function in ("clamp_min", "clamp_max", "clamp"):
            return self._clamped(call)
        if call.function == "histogram_quantile":
            buckets = self._buckets(arguments[1])
            return Range(0 if buckets[0] > 0 else -inf, buckets[-1]) if buckets else ANY
        return ANY

    def _clamped(self, call: Call) -> Range:
        inside, *limits = map(self.of, call.arguments)
        least = limits[0] if call.function != "clamp_max" else ANY
        most = limits[-1] if call.function != "clamp_min" else ANY
        held = Range(max(inside.least, least.least), max(inside.most, least.most))
        return Range(min(held.least, most.least), min(held.most, most.most))

    def last_bucket(self, node: Node) -> float | None:
        """The largest finite bound of the histogram whose quantile `node` is; None where it is no quantile."""
        match self._resolved(node):
            case Call("histogram_quantile", (_, inner)):
                buckets = self._buckets(inner)
                return buckets[-1] if buckets else None
            case _:
                return None

    def _buckets(self, node: Node) -> tuple[float, ...]:
        """The bounds of the one histogram below `node`; none where there are several, or one that is not known."""
        found = {self._known[name].buckets if name in self._known else () for name in _names(node)}
        return found.pop() if len(found) == 1 else ()

    def _of_aggregation(self, aggregation: Aggregation) -> Range:
        match aggregation.function:
            case "sum":
                return _total(self.of(aggregation.operand))
            case "count" | "count_values":
                return Range(1)
            case "group":
                return Range(1, 1)
            case "stddev" | "stdvar":
                return _NOT_NEGATIVE
            case function:
                return self.of(aggregation.operand) if function in _SAME_AGGREGATED else ANY

    def _of_binary(self, binary: Binary) -> Range:  # noqa: PLR0911  one answer for each operator
        if binary.op in COMPARISONS:
            if binary.yields_bool:
                return _ZERO_OR_ONE
            return self._kept(binary)
        left, right = self.of(binary.left), self.of(binary.right)
        match binary.op:
            case "and" | "unless":
                return left
            case "or":
                return left.or_of(right)
            case "+":
                return Range(left.least + right.least, left.most + right.most)
            case "-":
                return Range(left.least - right.most, left.most - right.least)
            case "*":
                return _product(left, right)
            case "/" if binary.matching is None and self._is_share(binary.left, binary.right):
                return _ZERO_OR_ONE
            case "/":
                return _quotient(left, right)
            case _:
                return ANY

    def _kept(self, comparison: Binary) -> Range:
        """What a comparison lets through: its left side, or the side that is no number."""
        op, side, limit = comparison.op, comparison.left, comparison.right
        if isinstance(side, Number):
            op, side, limit = MIRRORED[op], limit, side
        values, number = self.of(side), self.of(limit)
        if never(comparison.op, self.of(comparison.left), self.of(comparison.right)):
            return values
        match op:
            case ">" | ">=":
                return Range(max(values.least, number.least), values.most)
            case "<" | "<=":
                return Range(values.least, min(values.most, number.most))
            case "==":
                return Range(max(values.least, number.least), min(values.most, number.most))
            case _:
                return values

    def _is_share(self, part: Node, whole: Node) -> bool:
        """Whether `part` is a sum of some of what `whole` is the sum of, group by group."""
        return isinstance(self._resolved(part), Aggregation) and self._is_part(part, whole)

    def _is_part(self, part: Node, whole: Node) -> bool:
        """Whether `part` counts some of what `whole` counts: the same sum of rates, of fewer of the series."""
        part, whole = self._resolved(part), self._resolved(whole)
        match part, whole:
            case Selector(), Selector():
                return _selects_some(part, whole) and self._known.get(part.name or "", _UNKNOWN).counts
            case Aggregation(function=function), Aggregation() if function in _PARTS_ADD_UP:
                same = replace(part, operand=whole.operand) == whole
                return same and self._is_part(part.operand, whole.operand)
            case Call(function, (inner,)), Call(other, (outer,)) if function == other and function in _PARTS_ADD_UP:
                return self._is_part(inner, outer)
            case _:
                return False

    def _resolved(self, node: Node) -> Node:
        """Without parentheses, without the filter `> 0`, and what is recorded as it was written."""
        while True:
            match node:
                case Paren(inner) | Binary(">", inner, Number(0.0), yields_bool=False):
                    node = inner
                case Selector(name=name, alternatives=((),)) if len(self._recorded.get(name or "", ())) == 1:
                    node = self._recorded[name or ""][0]
                case _:
                    return node


_UNKNOWN = SeriesFacts("", False, None)


def _selects_some(part: Selector, whole: Selector) -> bool:
    if len(part.alternatives) != 1 or len(whole.alternatives) != 1:
        return False
    wider = set(whole.alternatives[0]) <= set(part.alternatives[0])
    return wider and replace(part, alternatives=whole.alternatives) == whole


def _names(node: Node) -> set[str]:
    return {one.name or "" for one in nodes(node) if isinstance(one, Selector)}


def _total(one: Range) -> Range:
    """Of one or more of them."""
    return Range(one.least if one.least >= 0 else -inf, one.most if one.most <= 0 else inf)


def _product(left: Range, right: Range) -> Range:
    corners = [_times(a, b) for a in (left.least, left.most) for b in (right.least, right.most)]
    return Range(min(corners), max(corners))


def _times(a: float, b: float) -> float:
    return 0.0 if 0 in (a, b) else a * b


def _quotient(left: Range, right: Range) -> Range:
    if right.least > 0 or right.most < 0:
        corners = [
            a / b if b not in (inf, -inf) else 0.0 for a in (left.least, left.most) for b in (right.least, right.most)
        ]
        return Range(min(corners), max(corners))
    return _NOT_NEGATIVE if left.least >= 0 and right.least >= 0 else ANY

"""Changes that leave the sign of a quantity, where nothing but its sign counts.

Neither a rate nor an increase is ever negative: to a comparison with 0 one is as good as the other, and the greatest of
several as good as their sum, as long as nobody reads the value that passes the comparison. Under `histogram_quantile`
rates and increases are all one, since it divides bucket by bucket. What is not proven is run.
"""

from __future__ import annotations

from collections.abc import Sequence

from investiq.promql.tree import (
    COMPARISONS,
    SET_OPERATORS,
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    Paren,
    Place,
)
from investiq.rule_mutation.rule import Rule

__all__ = ["counts", "never_negative", "scale_free", "sign_alone"]

_NOT_ABOVE, _NOT_BELOW = {"==", "<=", "<"}, {"==", ">=", ">"}
_ABOVE_0_TOGETHER = {"sum", "max", "min", "avg"}
_NEVER_NEGATIVE = {"rate", "increase", "irate", "changes", "resets", "count_over_time", "count"}
_ALWAYS_ABOVE_0 = {"count_over_time", "present_over_time", "absent", "absent_over_time"}
_VALUES_IGNORED = {"count", "group", "absent", "absent_over_time", "present_over_time", "count_over_time"}


def scale_free(place: Place, rule: Rule) -> str | None:
    """Whether what stands above a rate or increase is the same for a multiple of it; says why, or None."""
    for ancestor in reversed(place.above):
        if isinstance(ancestor, Call) and ancestor.function == "histogram_quantile":
            return "histogram_quantile is the same for rates and for increases"
        if not isinstance(ancestor, Paren) and not (isinstance(ancestor, Aggregation) and ancestor.function == "sum"):
            break
    return sign_alone(place, rule)


def sign_alone(place: Place, rule: Rule) -> str | None:
    """Whether nothing counts above a quantity but whether it is 0; says why, or None. It is never negative."""
    child: Node = place.node
    for height, ancestor in reversed(list(enumerate(place.above))):
        if isinstance(ancestor, Binary):
            other = ancestor.right if child is ancestor.left else ancestor.left
            if ancestor.op in COMPARISONS and other == Number(0):
                # Of what is never negative, only 0 passes `== 0` and `<= 0`: there is no other value to read.
                only_0 = ancestor.op in (_NOT_ABOVE if child is ancestor.left else _NOT_BELOW)
                read = not (ancestor.yields_bool or only_0) and _value_is_read(ancestor, place.above[:height], rule)
                return None if read else "above 0 is the one when the other is"
            if ancestor.op != "+" or not never_negative(other):
                return None
        elif not isinstance(ancestor, Paren) and not _is(ancestor, _ABOVE_0_TOGETHER):
            return None
        child = ancestor
    return None


def _value_is_read(child: Node, above: Sequence[Node], rule: Rule) -> bool:
    """Whether the values of `child`, and not just its series, make a difference to the rule."""
    for ancestor in reversed(above):
        if isinstance(ancestor, Binary):
            if ancestor.op not in SET_OPERATORS:
                return True
            if ancestor.op != "or" and child is ancestor.right:
                return False
        elif isinstance(ancestor, Call | Aggregation):
            return ancestor.function not in _VALUES_IGNORED
        elif isinstance(ancestor, Negation):
            return True
        child = ancestor
    return not rule.alerting or rule.shows_value


def counts(node: Node) -> bool:
    """Whether every value of the node is above 0: what is counted is there, and what is not has no series."""
    match node:
        case Paren(inner):
            return counts(inner)
        case Aggregation(function, operand):
            return function in {"count", "group"} or (function in _ABOVE_0_TOGETHER and counts(operand))
        case Call(function):
            return function in _ALWAYS_ABOVE_0
        case _:
            return False


def never_negative(node: Node) -> bool:
    """Whether no value of the node can be below 0, nor none at all (NaN)."""
    match node:
        case Binary("+", left, right):
            return never_negative(left) and never_negative(right)
        case Paren(inner):
            return never_negative(inner)
        case Aggregation(function, operand):
            return function == "count" or (function in _ABOVE_0_TOGETHER and never_negative(operand))
        case Call(function):
            return function in _NEVER_NEGATIVE
        case _:
            return False


def _is(node: Node, functions: set[str]) -> bool:
    return isinstance(node, Aggregation) and node.function in functions

"""Changes of which nothing but the sign of a quantity would tell, and that leave the sign, by proof.

**Claim.** The changes are a rate for an increase, the greatest for the sum, each the other way round, and `>=` for `>`
against 0. Where `scale_free`, `sign_alone` or `counts` holds, an alert fires for the same series as before, whatever
numbers there are in the database, and a recording rule records the same values, but for rounding in their last digit.
What no lemma covers is not proven, and is run.

Below, A and B are `rate(a[5m])` and `rate(b[5m])`, and C is the gauge `c`. A counter-example is an expression that its
lemma excludes, and that does change. tests/rule_mutation/test_proofs.py has promtool evaluate each.
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
_NEVER_NEGATIVE = {"rate", "increase", "irate", "changes", "resets", "count_over_time"}
_ALWAYS_ABOVE_0 = {"count_over_time", "present_over_time", "absent", "absent_over_time"}
_VALUES_IGNORED = {"count", "group", "absent", "absent_over_time", "present_over_time", "count_over_time"}


def scale_free(place: Place, rule: Rule) -> str | None:
    """Whether what stands above a rate or increase is the same for a multiple of it; says why, or None.

    Lemma 1: `histogram_quantile` is the same for rates and for increases, and for their sums, since an increase is the
    rate times the window, and a quantile lies where its share of the total is reached, however large the total is.

    Counter-examples: `sum by (le) (A > 1)`, where the comparison decides which buckets are left; `A + B`, since B stays
    a rate; `irate`, which is no multiple of the increase.
    """
    for ancestor in reversed(place.above):
        if isinstance(ancestor, Call) and ancestor.function == "histogram_quantile":
            return "histogram_quantile is the same for rates and for increases"
        if not isinstance(ancestor, Paren) and not (isinstance(ancestor, Aggregation) and ancestor.function == "sum"):
            break
    return sign_alone(place, rule)


def sign_alone(place: Place, rule: Rule) -> str | None:
    """Whether nothing counts above a quantity that is never negative but whether it is 0; says why, or None.

    Lemma 2: of what is never negative, an increase is 0 where the rate is, and a sum where the greatest is.

    Lemma 3: the same is then true above `sum`, `max`, `min`, `avg`, and above `+` with something that is never negative
    either: whether they give 0 follows from which of their operands are 0.
    Counter-examples: `A - B > 0`, and `A + C > 0` where C can be negative: a larger A makes up for it.

    Lemma 4: a comparison with 0 then lets the same series through: all that are above 0 (`> 0`, `!= 0`), all that are 0
    (`== 0`, `<= 0`), all (`>= 0`), or none (`< 0`). What is let through as 0 is 0 before and after; of the others, the
    value differs, and must not be read (lemma 5).
    Counter-example: `A > 1`.
    """
    child: Node = place.node
    for height, ancestor in reversed(list(enumerate(place.above))):
        if isinstance(ancestor, Binary):
            other = ancestor.right if child is ancestor.left else ancestor.left
            if ancestor.op in COMPARISONS and other == Number(0):
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
    """Whether the values of `child`, and not just its series, make a difference to the rule.

    Lemma 5: they make none on the right of `and` and `unless`, nor to what counts series or tells that there are any,
    nor to an alert, which fires for series, unless a template shows the value. The left of `and` and `unless`, and both
    sides of `or`, hand values on.

    Counter-examples: `sum(A > 0) > 10`, `-(A > 0) < -1`, `sum((A > 0) and C) > 1`, `sum(C or (A > 0)) > 10`; the
    recording rule `A > 0`.
    """
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
    """Whether every value of the node is above 0, so that `> 0` and `>= 0` are all one.

    Lemma 6: what is counted is there: a count is 1 at least, and where there is nothing to count there is no series.
    Sums, averages and extremes of such values are above 0 too.

    Counter-examples: `sum(C) > 0` and `count(A) - count(B) > 0`, which can be 0.
    """
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
    """Whether no value of the node can be below 0, nor be none at all (NaN).

    Lemma 7: a counter that falls was reset, so that rates, increases and the like are never below 0; nor are sums,
    averages and extremes of what is not.

    Counter-examples: `sum(C) > 0`, where a negative value takes away from the sum and not from the greatest;
    `sum(A / B) > 0`, where 0/0 is NaN, which makes the sum NaN, and which the greatest passes over.
    """
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

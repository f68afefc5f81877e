"""Comparisons: the sign, the boundary, the threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from investiq.promql.tree import (
    COMPARISONS,
    MIRRORED,
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    Paren,
    Place,
    Selector,
    nodes,
    places,
)
from investiq.rule_mutation.operators.operator import Operator, Replacement, Siblings, in_expression
from investiq.rule_mutation.rule import Rule
from investiq.rule_mutation.signs import counts

__all__ = ["OPERATORS", "constant"]

_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}
_BOUNDARY = {">": ">=", ">=": ">", "<": "<=", "<=": "<"}
_SMALL_COUNT = 10
_DOWN, _UP = 0.8, 1.25
_INEXACT = {
    *("rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear", "double_exponential_smoothing"),
    *("holt_winters", "histogram_quantile", "histogram_avg", "histogram_fraction", "histogram_stddev"),
    *("avg_over_time", "quantile_over_time", "stddev_over_time", "stdvar_over_time", "mad_over_time"),
    *("exp", "ln", "log2", "log10", "sqrt", "histogram_stdvar"),
    *("avg", "stddev", "stdvar", "quantile", "/", "%", "^", "atan2"),
}


def _flipped(node: Node, _: Siblings) -> Iterator[Replacement]:
    if isinstance(node, Binary) and node.op in _FLIPPED:
        yield _with_op(node, _FLIPPED[node.op])


def _boundary(node: Node, _: Siblings) -> Iterator[Replacement]:
    """Only where a test can meet the threshold exactly: not for rates and quotients, which are floating point."""
    if isinstance(node, Binary) and node.op in _BOUNDARY:
        sides = (node.left, node.right)
        at_0 = any(constant(side) == 0 for side in sides)
        if at_0 or all(map(_exact, sides)):
            proof = _never_0 if at_0 and any(map(counts, sides)) else None  # lemma 6 of `signs`
            yield replace(_with_op(node, _BOUNDARY[node.op]), redundant=proof)


def _never_0(_: Place, __: Rule) -> str:
    return "what counts series or samples is never 0: without any, there is no value"


def _with_op(node: Binary, op: str) -> Replacement:
    against = f" {node.right}" if constant(node.right) is not None else ""
    return Replacement(replace(node, op=op), f"{node.op}{against}", f"{op}{against}")


def _threshold(node: Node, _: Siblings) -> Iterator[Replacement]:
    if not isinstance(node, Binary) or node.op not in COMPARISONS or constant(node) is not None:
        return
    if constant(node.left) is None and constant(node.right) is None:
        yield from _factors(node)
        return
    on_the_right = constant(node.right) is not None
    quantity, limit = (node.left, node.right) if on_the_right else (node.right, node.left)
    op = node.op if on_the_right else MIRRORED[node.op]
    for moved in _moved(op, constant(limit) or 0.0, quantity):
        number = Number(moved)
        new = replace(node, right=number) if on_the_right else replace(node, left=number)
        yield Replacement(new, f"{op} {limit}", f"{op} {number}")


def _moved(op: str, limit: float, quantity: Node) -> Iterator[float]:
    """Where a human could have set the limit instead.

    A fifth down and a quarter up (one is the inverse of the other): nearer values no reader of the alert would tell
    apart, and further ones leave room for tests that are far from the threshold. Limits of ratios between 1/2 and 1
    move by that share of what is left to 1. Small counts move by one, in the direction that the boundary operator does
    not cover. 0 has no scale, and the other value of a 0/1 state is what the flipped comparison tests.
    """
    exact = _exact(quantity)
    if op in {"==", "!="}:
        if limit not in {0, 1} and limit.is_integer():
            yield from (limit - 1, limit + 1)
    elif exact and limit.is_integer() and abs(limit) < _SMALL_COUNT:
        yield limit + (1 if op in {">", "<="} else -1)
    elif limit != 0:
        yield from (_scaled(limit, factor, quantity) for factor in (_DOWN, _UP))


def _scaled(limit: float, factor: float, quantity: Node) -> float:
    of_one = 0.5 < limit < 1 and any(isinstance(node, Binary) and node.op == "/" for node in nodes(quantity))
    return float(f"{1 - (1 - limit) / factor:.6g}") if of_one else float(f"{limit * factor:.6g}")


def _factors(comparison: Binary) -> Iterator[Replacement]:
    """`a > 0.1 * b`: the threshold is the factor."""
    for place in places(comparison):
        node = place.node
        if isinstance(node, Number) and place.above and _is_factor(place.above, comparison):
            for factor in (_DOWN, _UP):
                number = Number(float(f"{node.value * factor:.6g}"))
                yield Replacement(place.with_node(number), str(node), str(number))


def _is_factor(above: tuple[Node, ...], comparison: Binary) -> bool:
    *further, parent = above
    direct = all(isinstance(node, Paren | Binary) for node in further) and further[:1] == [comparison]
    return direct and isinstance(parent, Binary) and parent.op in {"*", "/"} and constant(parent) is None


def constant(node: Node) -> float | None:
    """The value of an expression of numbers alone; None for any other."""
    match node:
        case Number(value):
            return value
        case Paren(inner):
            return constant(inner)
        case Negation(operand):
            value_below = constant(operand)
            return None if value_below is None else -value_below
        case Binary(op, left, right) if op in _ARITHMETIC:
            a, b = constant(left), constant(right)
            return None if a is None or b is None or (op == "/" and b == 0) else _ARITHMETIC[op](a, b)
        case _:
            return None


_ARITHMETIC = {
    "+": float.__add__,
    "-": float.__sub__,
    "*": float.__mul__,
    "/": float.__truediv__,
}


def _exact(quantity: Node) -> bool:
    """Whether a test can give the quantity any value exactly; what a recording rule computed, it may not."""
    return not any(
        (isinstance(node, Selector) and ":" in (node.name or ""))
        or (isinstance(node, Call | Aggregation) and node.function in _INEXACT)
        or (isinstance(node, Binary) and node.op in _INEXACT and constant(node) is None)
        for node in nodes(quantity)
    )


OPERATORS = (
    Operator(
        "comparison-flipped",
        "the sign written the wrong way round",
        "one test on each side of the threshold",
        in_expression(_flipped),
    ),
    Operator(
        "comparison-boundary",
        "`at least` written for `more than`",
        "a test in which the value is exactly the threshold",
        in_expression(_boundary),
    ),
    Operator(
        "threshold-moved",
        "a threshold typed or remembered wrongly",
        "a silent test a little on the healthy side of the threshold, and a firing one a little beyond it",
        in_expression(_threshold),
    ),
)

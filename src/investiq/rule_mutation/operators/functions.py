"""Functions, quantiles and arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from investiq.promql.tree import Aggregation, Binary, Call, Node, Number
from investiq.rule_mutation.operators.comparisons import constant
from investiq.rule_mutation.operators.operator import Operator, Replacement, Siblings, in_expression
from investiq.rule_mutation.signs import scale_free

__all__ = ["OPERATORS"]

_SWAPPED = {
    "rate": "increase",
    "increase": "rate",
    "irate": "increase",
    "min_over_time": "max_over_time",
    "max_over_time": "min_over_time",
    "avg_over_time": "max_over_time",
    "sum_over_time": "count_over_time",
    "count_over_time": "sum_over_time",
    "changes": "resets",
    "resets": "changes",
}
_ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*"}
_QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
"""The steps in which people choose quantiles."""


def _function_swapped(node: Node, _: Siblings) -> Iterator[Replacement]:
    if isinstance(node, Call) and node.function in _SWAPPED:
        new = _SWAPPED[node.function]
        # One is a multiple of the other, and neither is ever negative: lemmas 1 and 2 of `signs`.
        proof = scale_free if {node.function, new} == {"rate", "increase"} else None
        yield Replacement(replace(node, function=new), node.function, new, proof)


def _quantile_moved(node: Node, _: Siblings) -> Iterator[Replacement]:
    if isinstance(node, Aggregation) and node.function == "quantile" and isinstance(node.parameter, Number):
        for number in _neighbours(node.parameter.value):
            yield Replacement(replace(node, parameter=number), f"quantile {node.parameter}", str(number))
    if isinstance(node, Call) and node.function in {"histogram_quantile", "quantile_over_time"}:
        quantile, *further = node.arguments
        if isinstance(quantile, Number):
            for number in _neighbours(quantile.value):
                yield Replacement(replace(node, arguments=(number, *further)), f"quantile {quantile}", str(number))


def _neighbours(quantile: float) -> list[Number]:
    lower = [step for step in _QUANTILES if step < quantile][-1:]
    higher = [step for step in _QUANTILES if step > quantile][:1]
    return [Number(step) for step in lower + higher]


def _arithmetic_swapped(node: Node, _: Siblings) -> Iterator[Replacement]:
    if isinstance(node, Binary) and node.op in _ARITHMETIC and constant(node) is None:
        yield Replacement(replace(node, op=_ARITHMETIC[node.op]), node.op, _ARITHMETIC[node.op])


def _horizon_moved(node: Node, _: Siblings) -> Iterator[Replacement]:
    if isinstance(node, Call) and node.function == "predict_linear":
        series, seconds = node.arguments
        horizon = constant(seconds)
        if horizon:
            for new in (Number(horizon / 2), Number(horizon * 2)):
                yield Replacement(replace(node, arguments=(series, new)), f"{seconds} s ahead", f"{new} s ahead")


OPERATORS = (
    Operator(
        "function-swapped",
        "a rate taken for an increase, the smallest for the greatest, and so on",
        "a silent test near the threshold: the other function gives a value of another size",
        in_expression(_function_swapped),
    ),
    Operator(
        "quantile-moved",
        "the next quantile, lower or higher",
        "a test that asserts the value in an annotation, or tests on both sides with steep buckets",
        in_expression(_quantile_moved),
    ),
    Operator(
        "arithmetic-swapped",
        "+ and -, or * and /, confused",
        "tests with values other than 0 and 1, on both sides of the threshold",
        in_expression(_arithmetic_swapped),
    ),
    Operator(
        "horizon-moved",
        "a prediction half or twice as far ahead",
        "a firing test that just gets there in that time, and a silent one that just does not",
        in_expression(_horizon_moved),
    ),
)

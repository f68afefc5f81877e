"""Guards and alternatives: and, unless, or."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from investiq.promql.tree import Binary, Node
from investiq.rule_mutation.operators.operator import Operator, Replacement, Siblings, in_expression

__all__ = ["OPERATORS"]

_SWAPPED = {"and": ("or", "unless"), "unless": ("and",), "or": ("and",)}


def _set_operator_swapped(node: Node, _: Siblings) -> Iterator[Replacement]:
    if not isinstance(node, Binary):
        return
    for new in _SWAPPED.get(node.op, ()):
        yield Replacement(replace(node, op=new), node.op, new)


def _guard_dropped(node: Node, _: Siblings) -> Iterator[Replacement]:
    """Either side of `and` and `or` can be forgotten; of `unless` only the exception."""
    if isinstance(node, Binary) and node.op in _SWAPPED:
        yield Replacement(node.left, f"{node.op} {_short(node.right)}", "")
        if node.op != "unless":
            yield Replacement(node.right, f"{_short(node.left)} {node.op}", "")


def _short(node: Node) -> str:
    """Enough to recognise a side by: its start, and its threshold at the end."""
    text = str(node)
    return text if len(text) <= 60 else f"{text[:40]} … {text[-12:]}"


OPERATORS = (
    Operator(
        "set-operator-swapped",
        "and, or and unless confused",
        "tests in which one side holds and the other does not",
        in_expression(_set_operator_swapped),
    ),
    Operator(
        "guard-dropped",
        "a guard, an exception or an alternative forgotten",
        "a test in which this side alone decides: for and/unless a silent one, for or a firing one",
        in_expression(_guard_dropped),
    ),
)

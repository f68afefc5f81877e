"""From PromQL to our tree, by way of promql_parser, which knows the grammar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from promql_parser import AggModifierType, AtModifierType, LabelModifierType

from investiq.foundation.errors import InvestIQError
from investiq.foundation.promql_grammar import parsed
from investiq.promql.matcher import Matcher
from investiq.promql.tree import (
    Aggregation,
    Binary,
    Call,
    Grouping,
    Negation,
    Node,
    Number,
    Paren,
    Selector,
    Subquery,
    Text,
    depth,
)

__all__ = ["ParseError", "canonical", "parse"]


_DEEPEST = 250
"""Levels of the tree, which is walked by recursion; each operator of a chain is one."""


class ParseError(InvestIQError):
    """PromQL that the parser, or this tree, does not know; a newer Prometheus may."""

    reason = "not_understood"


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        ParseError: it is not PromQL, or newer than the parser.
    """
    try:
        read = parsed(text)
        tree = _node(read)
        again = parsed(str(tree))
        # What this tree does not carry over must not vanish silently: the mutants would differ in more than one thing.
        whole = str(_node(again)) == str(tree) and again.prettify() == read.prettify()
    except ValueError as error:
        raise ParseError(f"the expression does not parse: {error}") from error
    except RecursionError as error:
        raise _too_deep() from error  # how deep that is, depends on the Python
    if not whole:
        raise ParseError(f"a part of the expression is not understood: it would become {tree}")
    if depth(tree) > _DEEPEST:
        raise _too_deep()
    return tree


def _too_deep() -> ParseError:
    return ParseError(f"the expression is nested more than {_DEEPEST} levels deep: record parts of it first")


def canonical(text: str) -> str:
    """One spelling for each expression, whatever order its matchers stand in: Prometheus sorts them, we do not.

    Raises:
        ParseError: it is not PromQL, or newer than the parser.
    """
    try:
        return str(parsed(text).prettify())
    except ValueError as error:
        raise ParseError(f"the expression does not parse: {error}") from error


def _node(node: Any) -> Node:
    """One node of promql_parser; by the name of its class, since some of them cannot be told apart by attributes."""
    converted: Node = _BY_CLASS[type(node).__name__](node)
    return converted


def _selector(node: Any, window: timedelta | None = None) -> Selector:
    groups = node.matchers.or_matchers or [node.matchers.matchers]
    alternatives = tuple(tuple(Matcher(m.name, _OPS[str(m.op)], m.value) for m in group) for group in groups)
    return Selector(node.name, alternatives, window, node.offset, _at(node.at))


def _subquery(node: Any) -> Subquery:
    return Subquery(_node(node.expr), node.range, node.step, node.offset, _at(node.at))


def _call(node: Any) -> Call:
    return Call(node.func.name, tuple(map(_node, node.args)))


def _aggregation(node: Any) -> Aggregation:
    return Aggregation(str(node.op), _node(node.expr), _grouping(node.modifier), _parameter(node.param))


def _parameter(parameter: Any) -> Node | None:
    if parameter is None:
        return None
    if isinstance(parameter, str):
        return Text(parameter)
    return Number(float(parameter)) if isinstance(parameter, int | float) else _node(parameter)


def _grouping(modifier: Any) -> Grouping | None:
    if modifier is None:
        return None
    return Grouping("by" if modifier.type == AggModifierType.By else "without", tuple(modifier.labels))


def _binary(node: Any) -> Binary:
    modifier = node.modifier
    matching = group = None
    if modifier is not None and modifier.matching is not None:
        keyword = "on" if modifier.matching.type == LabelModifierType.Include else "ignoring"
        matching = Grouping(keyword, tuple(modifier.matching.labels))
    if modifier is not None and str(modifier.card) in _GROUPS:
        group = Grouping(_GROUPS[str(modifier.card)], tuple(modifier.group_labels or ()))
    yields_bool = modifier is not None and modifier.return_bool
    return Binary(str(node.op), _node(node.lhs), _node(node.rhs), matching, group, yields_bool)


def _at(modifier: Any) -> str | None:
    if modifier is None:
        return None
    if modifier.type == AtModifierType.At:
        # Not `modifier.at`: of a time beyond what Python knows, reading it is a panic of the parser.
        return str(Number(float(str(modifier).removeprefix("@ "))))
    return "start()" if modifier.type == AtModifierType.Start else "end()"


# By name: the enumerations of promql_parser cannot be hashed.
_OPS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_GROUPS = {"VectorMatchCardinality.ManyToOne": "group_left", "VectorMatchCardinality.OneToMany": "group_right"}
_BY_CLASS: dict[str, Callable[[Any], Node]] = {
    "NumberLiteral": lambda node: Number(node.val),
    "StringLiteral": lambda node: Text(node.val),
    "VectorSelector": _selector,
    "MatrixSelector": lambda node: _selector(node.vector_selector, node.range),
    "SubqueryExpr": _subquery,
    "Call": _call,
    "AggregateExpr": _aggregation,
    "BinaryExpr": _binary,
    "UnaryExpr": lambda node: Negation(_node(node.expr)),
    "ParenExpr": lambda node: Paren(_node(node.expr)),
}

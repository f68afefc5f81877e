"""PromQL as an immutable tree that prints itself: what a mutation takes apart and puts together anew.

The nodes of `promql_parser` cannot be built or changed from Python, hence this tree; `parse` makes it from theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import timedelta

from investiq.promql import duration
from investiq.promql.matcher import Matcher, label_name, quoted
from investiq.promql.number import number_text

__all__ = [
    "COMPARISONS",
    "MIRRORED",
    "PICKS_SERIES",
    "SET_OPERATORS",
    "Aggregation",
    "Binary",
    "Call",
    "Grouping",
    "Negation",
    "Node",
    "Number",
    "Paren",
    "Place",
    "Selector",
    "Subquery",
    "Text",
    "children",
    "depth",
    "nodes",
    "places",
]

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SET_OPERATORS = frozenset({"and", "or", "unless"})
MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
"""Comparison -> what it is with its two sides exchanged."""
PICKS_SERIES = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
"""Aggregations that let some series of each group through as they are, with all their labels."""


@dataclass(frozen=True, slots=True)
class Number:
    """A literal; durations as numbers are seconds."""

    value: float

    def __str__(self) -> str:
        return number_text(self.value)


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal."""

    value: str

    def __str__(self) -> str:
        return quoted(self.value)


@dataclass(frozen=True, slots=True)
class Selector:
    """The series of a metric; with `window`, their samples of that long (a range vector).

    Attributes:
        alternatives: the matchers, one tuple for each side of an `or` between braces; almost always one.
        at: the text after `@`.
    """

    name: str | None
    alternatives: tuple[tuple[Matcher, ...], ...] = ((),)
    window: timedelta | None = None
    offset: timedelta | None = None
    at: str | None = None

    def __str__(self) -> str:
        inside = " or ".join(", ".join(map(str, matchers)) for matchers in self.alternatives)
        braces = f"{{{inside}}}" if inside or self.name is None else ""
        window = f"[{duration.format(self.window)}]" if self.window is not None else ""
        return f"{self.name or ''}{braces}{window}{_moved(self.offset, self.at)}"


@dataclass(frozen=True, slots=True)
class Subquery:
    """`operand[window:step]`; without a step, the evaluation interval."""

    operand: Node
    window: timedelta
    step: timedelta | None = None
    offset: timedelta | None = None
    at: str | None = None

    def __str__(self) -> str:
        step = duration.format(self.step) if self.step is not None else ""
        return f"{self.operand}[{duration.format(self.window)}:{step}]{_moved(self.offset, self.at)}"


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    arguments: tuple[Node, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Grouping:
    """A keyword (by, without, on, ignoring, group_left, group_right) and its labels."""

    keyword: str
    labels: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.keyword} ({', '.join(map(label_name, self.labels))})"


@dataclass(frozen=True, slots=True)
class Aggregation:
    """`function by (labels) (parameter, operand)`."""

    function: str
    operand: Node
    grouping: Grouping | None = None
    parameter: Node | None = None

    def __str__(self) -> str:
        grouping = f" {self.grouping} " if self.grouping else ""
        parameter = f"{self.parameter}, " if self.parameter is not None else ""
        return f"{self.function}{grouping}({parameter}{self.operand})"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two sides and an operator.

    Attributes:
        matching: on or ignoring; None matches on all labels.
        group: group_left or group_right.
        yields_bool: a comparison that gives 0 or 1 and does not filter.
    """

    op: str
    left: Node
    right: Node
    matching: Grouping | None = None
    group: Grouping | None = None
    yields_bool: bool = False

    def __str__(self) -> str:
        modifiers = (("bool " if self.yields_bool else ""), *(f"{m} " for m in (self.matching, self.group) if m))
        return f"{self.left} {self.op} {''.join(modifiers)}{self.right}"


@dataclass(frozen=True, slots=True)
class Negation:
    """A minus sign before anything but a number."""

    operand: Node

    def __str__(self) -> str:
        return f"-{self.operand}"


@dataclass(frozen=True, slots=True)
class Paren:
    """Parentheses, kept as they were written: printing needs no table of precedences."""

    inner: Node

    def __str__(self) -> str:
        return f"({self.inner})"


Node = Number | Text | Selector | Subquery | Call | Aggregation | Binary | Negation | Paren
_NODES = (Number, Text, Selector, Subquery, Call, Aggregation, Binary, Negation, Paren)


def children(node: Node) -> Iterator[tuple[Node, str, int | None]]:
    """The nodes directly below, each with its field and, in a field of several, its position."""
    for one in fields(node):
        value = getattr(node, one.name)
        if isinstance(value, _NODES):
            yield value, one.name, None
        elif one.name == "arguments":
            yield from ((argument, one.name, i) for i, argument in enumerate(value))


def nodes(node: Node) -> Iterator[Node]:
    """The node and everything below it, from left to right."""
    yield node
    for child, _, _ in children(node):
        yield from nodes(child)


def depth(node: Node) -> int:
    """Levels of nodes below each other."""
    deepest, level = 0, [node]
    while level:
        deepest += 1
        level = [child for parent in level for child, _, _ in children(parent)]
    return deepest


@dataclass(frozen=True, slots=True)
class Place:
    """A node within an expression.

    Attributes:
        above: its ancestors, the root first.
        _steps: field and position that lead from each ancestor to the next.
    """

    node: Node
    above: tuple[Node, ...] = ()
    _steps: tuple[tuple[str, int | None], ...] = ()

    def with_node(self, new: Node) -> Node:
        """The whole expression with `new` in this place."""
        for ancestor, (name, position) in zip(reversed(self.above), reversed(self._steps), strict=True):
            value: Node | tuple[Node, ...] = new
            if position is not None:
                several = getattr(ancestor, name)
                value = (*several[:position], new, *several[position + 1 :])
            new = replace(ancestor, **{name: value})  # type: ignore[arg-type]  # the field that held the node
        return new

    def below(self) -> Iterator[Place]:
        """The places directly below."""
        for child, name, position in children(self.node):
            yield Place(child, (*self.above, self.node), (*self._steps, (name, position)))


def places(root: Node) -> Iterator[Place]:
    """Every place of an expression, from left to right."""
    waiting = [Place(root)]
    while waiting:
        place = waiting.pop()
        yield place
        waiting.extend(reversed(list(place.below())))


def _moved(offset: timedelta | None, at: str | None) -> str:
    return (f" offset {duration.format(offset)}" if offset is not None else "") + (f" @ {at}" if at is not None else "")

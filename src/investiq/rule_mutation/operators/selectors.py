"""What is selected: matchers, metric names, ranges, offsets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from investiq.promql import duration
from investiq.promql.matcher import Matcher
from investiq.promql.tree import Call, Node, Selector, Subquery
from investiq.rule_mutation.operators.operator import Operator, Replacement, Siblings, in_expression
from investiq.rule_mutation.redundancy import redundant_matcher

__all__ = ["OPERATORS"]

_NEGATED = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}
_SHORTEST = timedelta(milliseconds=2)


def _matchers(selector: Node) -> Iterator[tuple[Selector, int, int, Matcher]]:
    """Each matcher with its position; the name is no matcher, however it is written."""
    if isinstance(selector, Selector):
        for i, matchers in enumerate(selector.alternatives):
            yield from ((selector, i, j, m) for j, m in enumerate(matchers) if m.label != "__name__")


def _with_matchers(selector: Selector, i: int, j: int, *instead: Matcher) -> Selector:
    matchers = selector.alternatives[i]
    changed = (*matchers[:j], *instead, *matchers[j + 1 :])
    alternatives = (*selector.alternatives[:i], changed, *selector.alternatives[i + 1 :])
    return replace(selector, alternatives=alternatives)


def _dropped(node: Node, _: Siblings) -> Iterator[Replacement]:
    for selector, i, j, matcher in _matchers(node):
        # In `{a or b}` an empty side would select everything, which no human writes by leaving something out.
        if len(selector.alternatives) == 1 or len(selector.alternatives[i]) > 1:
            yield Replacement(_with_matchers(selector, i, j), str(matcher), "", redundant_matcher(matcher))


def _negated(node: Node, _: Siblings) -> Iterator[Replacement]:
    for selector, i, j, matcher in _matchers(node):
        new = replace(matcher, op=_NEGATED[matcher.op])
        yield Replacement(_with_matchers(selector, i, j, new), str(matcher), str(new))


def _alternative_dropped(node: Node, _: Siblings) -> Iterator[Replacement]:
    for selector, i, j, matcher in _matchers(node):
        words = matcher.value.split("|")
        if not matcher.is_regex or len(words) == 1 or any(mark in matcher.value for mark in ("(", "[", r"\|")):
            continue
        for k, word in enumerate(words):
            new = replace(matcher, value="|".join(words[:k] + words[k + 1 :]))
            yield Replacement(_with_matchers(selector, i, j, new), f"{word!r} of {matcher}", "")


def _metric_swapped(node: Node, siblings: Siblings) -> Iterator[Replacement]:
    if isinstance(node, Selector) and node.name is not None:
        for sibling in siblings(node.name):
            yield Replacement(replace(node, name=sibling), node.name, sibling)


def _range_changed(node: Node, _: Siblings) -> Iterator[Replacement]:
    if isinstance(node, Selector | Subquery) and node.window is not None and node.window >= _SHORTEST:
        for window in (node.window / 2, node.window * 2):
            was, now = (f"[{duration.format(length)}]" for length in (node.window, window))
            yield Replacement(replace(node, window=window), was, now)


def _offset_dropped(node: Node, _: Siblings) -> Iterator[Replacement]:
    if isinstance(node, Selector | Subquery) and node.offset is not None:
        yield Replacement(replace(node, offset=None), f"offset {duration.format(node.offset)}", "")


def _absence_forgotten(node: Node, _: Siblings) -> Iterator[Replacement]:
    if isinstance(node, Call) and node.function == "absent" and len(node.arguments) == 1:
        yield Replacement(node.arguments[0], "absent()", "")


OPERATORS = (
    Operator(
        "matcher-dropped",
        "a matcher forgotten: the rule watches more than it should",
        "a silent test with faulty series that differ from the watched ones in this label alone",
        in_expression(_dropped),
    ),
    Operator(
        "matcher-negated",
        "= and != confused",
        "a firing test with a series that this matcher selects",
        in_expression(_negated),
    ),
    Operator(
        "alternative-dropped",
        "one value of a list forgotten",
        "a test for each value of the list: of =~ a firing one, of !~ a silent one",
        in_expression(_alternative_dropped),
    ),
    Operator(
        "metric-swapped",
        "a metric confused with its sibling",
        "a firing test in which the sibling has no series, or healthy ones",
        in_expression(_metric_swapped),
    ),
    Operator(
        "range-changed",
        "a window half or twice as long",
        "tests of a burst: one that only the shorter window, one that only the longer window answers differently",
        in_expression(_range_changed),
    ),
    Operator(
        "offset-dropped",
        "the present compared with itself",
        "a test in which the present differs from the past",
        in_expression(_offset_dropped),
    ),
    Operator(
        "absent-dropped",
        "absence of a series taken for its value",
        "a firing test without the series, and a silent one with it",
        in_expression(_absence_forgotten),
    ),
)

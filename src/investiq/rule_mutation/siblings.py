"""Which metric a human confuses with which."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import takewhile
from types import MappingProxyType

from investiq.promql.tree import Selector, nodes
from investiq.rule_mutation.operators import Siblings
from investiq.rule_mutation.rule import Rule

__all__ = ["NONE_KNOWN", "Families", "siblings_among"]

Families = Mapping[str, Sequence[str]]
"""A metric -> the metrics of its kind about the same subject, itself among them."""

NONE_KNOWN: Families = MappingProxyType({})

_HISTOGRAM = {"_count": ("_sum", "_bucket"), "_sum": ("_count",), "_bucket": ("_count",)}


def siblings_among(rules: Iterable[Rule], families: Families) -> Siblings:
    """What stands in for a metric: the other series of its histogram, or one metric that is named alike.

    A metric with a family is confused with one of it, any other with those in `rules`.
    """
    used = {node.name for rule in rules if rule.tree for node in nodes(rule.tree) if isinstance(node, Selector)}
    names = {name for name in used if name}

    def siblings(name: str) -> Sequence[str]:
        stem, suffix = _split(name)
        family = [stem + other for other in _HISTOGRAM.get(suffix, ())]
        return family or _closest(name, families.get(name) or names)

    return siblings


def _closest(name: str, candidates: Collection[str]) -> list[str]:
    """The candidate that has most words in common with `name`, at its two ends, and fewest others.

    None where not even the first word is the same: nobody confuses these.
    """
    words = _words(name)
    others = [other for other in sorted(candidates) if _split(other)[0] != _split(name)[0]]
    alike = [other for other in others if _words(other)[0] == words[0]]
    return [max(alike, key=lambda other: _likeness(words, _words(other)))] if alike else []


def _words(name: str) -> list[str]:
    return name.replace(":", "_").split("_")


def _likeness(words: list[str], others: list[str]) -> int:
    return 2 * (_shared(words, others) + _shared(words[::-1], others[::-1])) - len(others)


def _shared(words: list[str], others: list[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(words, others, strict=False)))


def _split(name: str) -> tuple[str, str]:
    suffix = next((suffix for suffix in _HISTOGRAM if name.endswith(suffix)), "")
    return name.removesuffix(suffix), suffix

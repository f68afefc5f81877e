"""Which metric a human confuses with which."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile

from investiq.monitoring.mutation.expression import Selector, nodes
from investiq.monitoring.mutation.operators import Siblings
from investiq.monitoring.mutation.rule import Rule
from investiq.telemetry import catalogue
from investiq.telemetry.catalogue import Kind

__all__ = ["siblings_among"]

_HISTOGRAM = {"_count": ("_sum", "_bucket"), "_sum": ("_count",), "_bucket": ("_count",)}


def siblings_among(rules: Iterable[Rule]) -> Siblings:
    """What stands in for a metric: the other series of its histogram, or one metric that is named alike.

    Metrics of the catalogue are confused with those of the same subject and kind, others with those in `rules`.
    """
    used = {node.name for rule in rules if rule.tree for node in nodes(rule.tree) if isinstance(node, Selector)}
    names = {name for name in used if name}

    def siblings(name: str) -> Sequence[str]:
        stem, suffix = _split(name)
        family = [stem + other for other in _HISTOGRAM.get(suffix, ())]
        return family or _closest(name, _of_the_catalogue(name) or names)

    return siblings


def _of_the_catalogue(name: str) -> list[str]:
    own = next((metric for metric in catalogue.ALL if metric.name == name and metric.kind is not Kind.HISTOGRAM), None)
    if own is None:
        return []
    return [metric.name for metric in catalogue.ALL if (metric.subject, metric.kind) == (own.subject, own.kind)]


def _closest(name: str, candidates: Collection[str]) -> list[str]:
    """The candidate whose name has most words in common with `name`, at its two ends; none without the first word."""
    others = [other for other in sorted(candidates) if _split(other)[0] != _split(name)[0] and _alike(name, other)[0]]
    return [max(others, key=lambda other: sum(_alike(name, other)))] if others else []


def _alike(name: str, other: str) -> tuple[int, int]:
    words, others = (text.replace(":", "_").split("_") for text in (name, other))
    return _shared(words, others), _shared(words[::-1], others[::-1])


def _shared(words: list[str], others: list[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(words, others, strict=False)))


def _split(name: str) -> tuple[str, str]:
    suffix = next((suffix for suffix in _HISTOGRAM if name.endswith(suffix)), "")
    return name.removesuffix(suffix), suffix

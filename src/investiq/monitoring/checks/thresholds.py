"""No threshold lies beyond the last bucket of its histogram, which a quantile never exceeds: it would never fire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from investiq.monitoring.checks.expressions import Expression, Series, known_series
from investiq.monitoring.checks.finding import Checked, Finding
from investiq.monitoring.mutation.expression import Binary, Call, Node, Number, Selector, nodes

__all__ = ["check_thresholds"]

CHECK = "thresholds"

_ABOVE = {">", ">="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def check_thresholds(found: Sequence[Expression]) -> Checked:
    """Check the comparisons of quantiles, also of those that are recorded by another of the expressions."""
    known = known_series()
    recorded = {one.records: one.tree for one in found if one.records and one.tree is not None}
    compared = [(one.where, *pair) for one in found if one.tree is not None for pair in _compared(one.tree)]
    findings = []
    for where, quantity, limit in compared:
        bound = _last_bucket(quantity, recorded, known)
        if bound is not None and limit >= bound:
            what = f"the threshold {limit:g} is not below the last bucket, {bound:g}: the quantile never exceeds it"
            fix = "lower the threshold, or give the histogram a further bucket"
            findings.append(Finding(CHECK, where, what, fix))
    return Checked(CHECK, f"{len(compared)} comparisons", tuple(findings))


def _compared(tree: Node) -> Iterator[tuple[Node, float]]:
    """What must exceed a number, and the number."""
    for node in nodes(tree):
        if isinstance(node, Binary):
            if isinstance(node.right, Number) and node.op in _ABOVE:
                yield node.left, node.right.value
            elif isinstance(node.left, Number) and _MIRRORED.get(node.op) in _ABOVE:
                yield node.right, node.left.value


def _last_bucket(quantity: Node, recorded: Mapping[str, Node], known: Mapping[str, Series]) -> float | None:
    """The largest finite bound of the histogram whose quantile `quantity` is; None where it is no quantile."""
    if isinstance(quantity, Selector):
        tree = recorded.get(quantity.name or "")
        return None if tree is None else _last_bucket(tree, recorded, known)
    if not isinstance(quantity, Call) or quantity.function != "histogram_quantile":
        return None
    names = [node.name for node in nodes(quantity) if isinstance(node, Selector) and node.name]
    bounds = [known[name].buckets[-1] for name in names if name in known and known[name].buckets]
    return min(bounds, default=None)

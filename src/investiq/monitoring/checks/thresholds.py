"""No comparison is false whatever its two sides are: it would never fire, and never be drawn.

A quantile never exceeds the last bucket of its histogram, a state is 0 or 1, a rate is never negative, and so on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from investiq.foundation.findings import CheckResult, Finding
from investiq.monitoring.checks.expressions import NO_RESULT, Expression, known_series
from investiq.promql.number import number_text
from investiq.promql.ranges import Values, never
from investiq.promql.tree import COMPARISONS, Binary, Node, Number, Paren, nodes

__all__ = ["check_thresholds"]

CHECK = "thresholds"


def check_thresholds(found: Sequence[Expression]) -> CheckResult:
    """Check every comparison, also of what another of the expressions records."""
    recorded: dict[str, list[Node]] = defaultdict(list)
    for one in found:
        if one.records and one.tree is not None:
            recorded[one.records].append(one.tree)
    values = Values(known_series(), recorded)
    compared = [(one.place, node) for one in found if one.tree is not None for node in _compared(one.tree)]
    findings = [Finding(CHECK, place, *fault, NO_RESULT) for place, node in compared for fault in _faults(node, values)]
    return CheckResult(CHECK, f"{len(compared)} comparisons", tuple(findings))


def _compared(tree: Node) -> Iterator[Binary]:
    for node in nodes(tree):
        if isinstance(node, Binary) and node.op in COMPARISONS:
            yield node


def _faults(comparison: Binary, values: Values) -> Iterator[tuple[str, str]]:
    left, right = values.of(comparison.left), values.of(comparison.right)
    bucket, limit = values.last_bucket(comparison.left), right.least
    mirrored = isinstance(comparison.left, Number)
    if mirrored:
        bucket, limit = values.last_bucket(comparison.right), left.least
    # At the last bucket a quantile says no more than that it may be anything above.
    above = comparison.op in ({"<", "<="} if mirrored else {">", ">="})
    if bucket is not None and above and limit >= bucket:
        last = f"the last bucket, {number_text(bucket)}"
        what = f"the threshold {number_text(limit)} is not below {last}: the quantile never exceeds it"
        yield what, "lower the threshold, or give the histogram a further bucket"
    elif never(comparison.op, left, right):
        side, known = (comparison.right, right) if mirrored else (comparison.left, left)
        told = str(side.inner if isinstance(side, Paren) else side)
        than = "" if isinstance(comparison.right, Number) or mirrored else f", and the other side {right}"
        yield f"{comparison} is never true: {told} is {known}{than}", "compare with a value that it can have"

"""Every metric of the catalogue is looked at by a rule, a panel or an SLO, or says why not."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from investiq.monitoring.checks.expressions import Expression, known_series, nodes
from investiq.monitoring.checks.finding import Checked, Finding
from investiq.monitoring.mutation.expression import Selector
from investiq.telemetry.catalogue import Metric

__all__ = ["check_usage"]

CHECK = "usage"


def check_usage(metrics: Collection[Metric], found: Sequence[Expression]) -> Checked:
    """Check that each of `metrics` is used in an expression.

    Args:
        found: the expressions of all rules, panels and SLOs.
    """
    known = known_series()
    selected = {
        node.name for one in found if one.tree is not None for node in nodes(one.tree) if isinstance(node, Selector)
    }
    used = {known[name].metric for name in selected if name in known}
    findings = []
    for metric in metrics:
        if metric.name not in used and not metric.unused_because:
            what = "no rule, panel or SLO looks at it"
            fix = "draw it, alert on it, say why not (unused_because), or remove it"
            findings.append(Finding(CHECK, metric.name, what, fix))
        elif metric.name in used and metric.unused_because:
            what = f"it says that it is unused ({metric.unused_because}), and is used"
            findings.append(Finding(CHECK, metric.name, what, "remove its unused_because"))
    return Checked(CHECK, f"{len(metrics)} metrics in {len(found)} expressions", tuple(findings))

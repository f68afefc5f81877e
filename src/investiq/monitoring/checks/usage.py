"""Every metric of the catalogue is looked at by a rule, a panel or an SLO, or says why not; so is what is recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.foundation.telemetry.catalogue import Metric
from investiq.monitoring.checks.expressions import Expression, known_series
from investiq.promql.tree import Selector, nodes

__all__ = ["check_usage"]

CHECK = "usage"


def check_usage(metrics: Collection[Metric], found: Sequence[Expression], told: Collection[str] = ()) -> CheckResult:
    """Check that each of `metrics`, and each recording, is used in an expression.

    Args:
        found: the expressions of all rules, panels and SLOs.
        told: names of recordings that are read by other means.
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
            why = "its series cost memory, and nobody sees when it goes wrong"
            findings.append(_idle(Place(PlaceKind.METRIC, metric.name), what, fix, why))
        elif metric.name in used and metric.unused_because:
            what = f"it says that it is unused ({metric.unused_because}), and is used"
            findings.append(_idle(Place(PlaceKind.METRIC, metric.name), what, "remove its unused_because"))
    findings += _unread(found, told)
    return CheckResult(CHECK, f"{len(metrics)} metrics in {len(found)} expressions", tuple(findings))


def _unread(found: Sequence[Expression], told: Collection[str]) -> Iterator[Finding]:
    """Recordings that end nowhere, also those that only such a one reads."""
    read, waiting = set(told), [one for one in found if not one.records]
    recorded = [one for one in found if one.records]
    waiting += [one for one in recorded if one.records in read]
    while waiting:
        tree = waiting.pop().tree
        names = {node.name for node in nodes(tree) if isinstance(node, Selector)} if tree is not None else set()
        waiting += [one for one in recorded if one.records in names - read]
        read |= {name for name in names if name is not None}
    for one in recorded:
        if one.records not in read:
            fix = "let an alert or a panel read it, or do without it"
            why = "it is computed at every round, for nobody"
            yield _idle(one.place, "no alert, panel or SLO reads what it records", fix, why)


def _idle(place: Place, what: str, fix: str, why: str = "") -> Finding:
    """Nothing is wrong with the monitoring: it carries what it does not need."""
    return Finding(CHECK, place, what, fix, why, FindingSeverity.WARNING)

"""`rate` is for counters, and counters are for `rate`.

The slope of a gauge misleads, and a total since some start tells little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from investiq.foundation.findings import CheckResult, Finding
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.catalogue import Kind
from investiq.monitoring.checks.expressions import NO_RESULT, Expression, known_series
from investiq.monitoring.scraping.jobs import SCRAPE_INTERVAL
from investiq.promql import duration
from investiq.promql.tree import Call, Node, Paren, Place, Selector, Subquery, places

__all__ = ["check_rates"]

CHECK = "rates"

_FOR_COUNTERS = {"rate", "irate", "increase"}
_FOR_GAUGES = {"delta", "idelta", "deriv", "predict_linear", "holt_winters", "double_exponential_smoothing"}
_OF_TWO_SAMPLES = _FOR_COUNTERS | _FOR_GAUGES
_TWO_SCRAPES = 2 * duration.parse(SCRAPE_INTERVAL)
_WITHOUT_VALUE = {
    "absent",
    "absent_over_time",
    "count_over_time",
    "present_over_time",
    "changes",
    "resets",
    "timestamp",
}


def check_rates(found: Sequence[Expression]) -> CheckResult:
    """Check that each counter is rated, and nothing else is."""
    known = known_series()
    counters = {name for name, series in known.items() if series.counts}
    histograms = {metric.name for metric in catalogue.ALL if metric.kind is Kind.HISTOGRAM}
    gauges = {*known, *(one.records for one in found if one.records)} - counters
    findings = [
        Finding(CHECK, one.place, *fault)
        for one in found
        if one.tree is not None
        for fault in _faults(one.tree, counters, gauges, histograms)
    ]
    return CheckResult(CHECK, f"{len(found)} expressions", tuple(findings))


def _faults(tree: Node, counters: set[str], gauges: set[str], histograms: set[str]) -> Iterator[tuple[str, str, str]]:
    """What is wrong, what to do, and why it matters."""
    for place in places(tree):
        if isinstance(place.node, Selector) and place.node.name is not None:
            name, function = place.node.name, _function(place)
            if function in _OF_TWO_SAMPLES and place.node.window is not None and place.node.window < _TWO_SCRAPES:
                yield (
                    f"{function}() over {duration.format(place.node.window)} of {name}: no two samples lie so close",
                    f"look back over two scrapes at least, {duration.format(_TWO_SCRAPES)}",
                    NO_RESULT,
                )
            if name in histograms:
                what = f"{name} is a histogram: its base name selects nothing"
                yield what, "name its _bucket, _sum or _count", NO_RESULT
            elif name in gauges and function in _FOR_COUNTERS:
                fix = f"use {name} itself, or delta() or deriv()"
                yield f"{function}() of {name}, which is a gauge", fix, "each fall counts as a restart from 0"
            elif name in counters and function in _FOR_GAUGES:
                yield f"{function}() of {name}, which is a counter: a restart looks like a fall", "use rate()", ""
            elif name in counters and function not in _FOR_COUNTERS | _WITHOUT_VALUE:
                what = f"the total of {name} since its program started tells little"
                yield what, "use rate() or increase()", "it only grows: one fault long ago looks like one of now"


def _function(place: Place) -> str | None:
    """The function that is given the series itself."""
    above = [ancestor for ancestor in reversed(place.above) if not isinstance(ancestor, Subquery | Paren)]
    return above[0].function if above and isinstance(above[0], Call) else None

"""PromQL of panels: what is drawn follows the job and the instance that the reader has chosen.

Windows are `$__rate_interval` where a rate is drawn, so that no gap is left between two points of the picture.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from investiq.foundation.contract.panels import RATE_INTERVAL
from investiq.foundation.telemetry.catalogue import Metric
from investiq.monitoring.alert import Alert
from investiq.monitoring.dashboards.panel import TARGET
from investiq.monitoring.exporters.external_metric import ExternalMetric
from investiq.monitoring.recording import Recording
from investiq.monitoring.rules import RECORDINGS
from investiq.monitoring.selectors import buckets, series
from investiq.promql import duration
from investiq.promql.matcher import Matcher
from investiq.promql.number import number_text
from investiq.promql.parse import parse
from investiq.promql.tree import Call, Node, Selector, children

__all__ = [
    "RATE_WINDOW",
    "in_last",
    "latest",
    "of_alert",
    "parse_panel_expression",
    "per_second",
    "quantile",
    "share",
    "summed",
]

RATE_WINDOW = timedelta(days=3001)
"""Stands for `$__rate_interval` in a tree, since durations of the grammar know no variables; nobody writes it."""

_RECORDED = {recording.name: recording.labels for recording in RECORDINGS}


def latest(metric: Metric | ExternalMetric | Recording, *matchers: Matcher) -> str:
    """The series of a gauge, or of a recording where it has the labels to choose by."""
    labels = metric.labels if isinstance(metric, Recording) else None
    return series(metric, *_targets(labels), *matchers)


def summed(metric: Metric | ExternalMetric, *matchers: Matcher, by: tuple[str, ...] = ()) -> str:
    """The sum of a gauge."""
    return f"sum{_by(by)}({latest(metric, *matchers)})"


def per_second(metric: Metric | ExternalMetric, *matchers: Matcher, by: tuple[str, ...] = ()) -> str:
    """The rate of a counter."""
    return f"sum{_by(by)}(rate({latest(metric, *matchers)}[{RATE_INTERVAL}]))"


def in_last(window: str, metric: Metric | ExternalMetric, *matchers: Matcher, by: tuple[str, ...] = ()) -> str:
    """How often a counter was incremented in the last `window`: whole numbers, though Prometheus extrapolates."""
    return f"round(sum{_by(by)}(increase({latest(metric, *matchers)}[{window}])))"


def quantile(q: float, histogram: Metric | ExternalMetric, *matchers: Matcher, by: tuple[str, ...] = ()) -> str:
    """The `q` quantile of a histogram; not a number while nothing was observed."""
    rates = f"rate({buckets(histogram, *TARGET, *matchers)}[{RATE_INTERVAL}])"
    return f"histogram_quantile({number_text(q)}, sum{_by((*by, 'le'))}({rates}))"


def share(part: str, whole: str) -> str:
    """`part` of `whole`, both per second: 0 where there is nothing of the part, and nothing where nobody asked."""
    return f"({part} or 0 * {whole}) / ({whole} > 0)"


def of_alert(alert: Alert) -> str:
    """What `alert` measures: its query, of the chosen targets, with the window of the picture for its rates."""
    return str(_drawn(parse(alert.query))).replace(f"[{duration.format(RATE_WINDOW)}]", f"[{RATE_INTERVAL}]")


def parse_panel_expression(expr: str) -> Node:
    """The tree of a panel's expression; what is chosen stays between its quotes.

    Raises:
        ParseError: it is not PromQL.
    """
    return parse(expr.replace(RATE_INTERVAL, duration.format(RATE_WINDOW)))


def _drawn(node: Node, function: str = "") -> Node:
    """`node` as a panel draws it; `function` is what it is an argument of."""
    if isinstance(node, Selector):
        rated = node.window is not None and function in ("rate", "irate")
        return replace(
            node,
            alternatives=tuple((*_chosen(node.name or ""), *matchers) for matchers in node.alternatives),
            window=RATE_WINDOW if rated else node.window,
        )
    if isinstance(node, Call):
        return replace(node, arguments=tuple(_drawn(argument, node.function) for argument in node.arguments))
    for child, name, _ in children(node):
        node = replace(node, **{name: _drawn(child)})  # type: ignore[arg-type]  # the field that held the node
    return node


def _chosen(name: str) -> tuple[Matcher, ...]:
    return _targets(_RECORDED.get(name))


def _targets(labels: Collection[str] | None) -> tuple[Matcher, ...]:
    """The matchers by which series with `labels` can be chosen; None has all labels."""
    return tuple(matcher for matcher in TARGET if labels is None or matcher.label in labels)


def _by(labels: tuple[str, ...]) -> str:
    return f" by ({', '.join(labels)}) " if labels else ""

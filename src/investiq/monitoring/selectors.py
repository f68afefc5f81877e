"""Builds PromQL selectors from catalogue objects, so that a misspelt metric, label or value fails at import."""

from __future__ import annotations

from investiq.foundation.contract.heartbeat import HEARTBEAT_PATH
from investiq.foundation.telemetry.catalogue import Kind, Metric
from investiq.monitoring.exporters.external_metric import ExternalMetric
from investiq.monitoring.exporters.scrape import UP
from investiq.monitoring.recording import Recording
from investiq.promql.matcher import Matcher, eq, matching, ne
from investiq.promql.number import any_spelling, number_text

__all__ = ["OF_USERS", "UP", "ExternalMetric", "at_most", "buckets", "observations", "series"]

TARGET_LABELS = ("job", "instance")
"""The labels that Prometheus adds to every sample of a target."""

_LEAST_POSITIONAL, _LEAST_WITH_EXPONENT = 1e-4, 1e6
"""Between them, our servers write numbers without an exponent."""

OF_USERS = ne("endpoint", "/health", "/metrics", HEARTBEAT_PATH)
"""Of REQUEST_DURATION, what users asked for.

Scrapes, probes and heartbeats come every few seconds whatever users do, and /health answers 503 on purpose while a
dependency is down: counted in, they would thin a ratio out on a quiet system and raise it for a fault that pages
already.
"""


def series(metric: Metric | ExternalMetric | Recording, *matchers: Matcher) -> str:
    """The selector of a counter, a gauge or a recorded series.

    Raises:
        ValueError: the metric is a histogram (its base name selects nothing), or a matcher fits none of its series.
    """
    if metric.kind is Kind.HISTOGRAM:
        raise ValueError(f"{metric.name} is a histogram: select its buckets() or observations()")
    return _selector(metric, metric.name, matchers)


def buckets(metric: Metric | ExternalMetric, *matchers: Matcher) -> str:
    """The selector of a histogram's cumulative buckets (label `le`)."""
    return _selector(metric, f"{_histogram(metric).name}_bucket", matchers, ("le",))


def at_most(metric: Metric | ExternalMetric, bound: float) -> Matcher:
    """The bucket of what is at most `bound`, however its `le` is written.

    Our servers write `10` or `10.0`, which Prometheus 3 makes of both; who knows how the programs of others write it.

    Raises:
        ValueError: no bucket of a metric of the catalogue ends there.
    """
    text = number_text(bound)
    if isinstance(metric, Metric):
        if bound not in metric.buckets:
            known = ", ".join(map(number_text, metric.buckets))
            raise ValueError(f"{metric.name} has no bucket up to {text}; it has {known}")
        if _LEAST_POSITIONAL <= bound < _LEAST_WITH_EXPONENT:
            return matching("le", rf"{text}(\.0)?") if float(bound).is_integer() else eq("le", text)
    return matching("le", any_spelling(bound))


def observations(metric: Metric | ExternalMetric, *matchers: Matcher) -> str:
    """The selector of the number of observations of a histogram."""
    return _selector(metric, f"{_histogram(metric).name}_count", matchers)


def _histogram(metric: Metric | ExternalMetric) -> Metric | ExternalMetric:
    if metric.kind is not Kind.HISTOGRAM:
        raise ValueError(f"{metric.name} is a {metric.kind}, not a histogram")
    return metric


def _selector(
    metric: Metric | ExternalMetric | Recording, name: str, matchers: tuple[Matcher, ...], further: tuple[str, ...] = ()
) -> str:
    for matcher in matchers:
        if matcher.label not in further:
            _check(metric, matcher)
    inside = ", ".join(map(str, matchers))
    return f"{name}{{{inside}}}" if inside else name


def _check(metric: Metric | ExternalMetric | Recording, matcher: Matcher) -> None:
    if matcher.label in TARGET_LABELS and not isinstance(metric, Recording):
        return
    values = {label.name: label.values for label in metric.labels} if isinstance(metric, Metric) else {}
    names = metric.label_names
    if matcher.label not in names:
        raise ValueError(f"{metric.name} has no label {matcher.label}; it has {', '.join(names) or 'none'}")
    closed = values.get(matcher.label)
    unknown = [value for value in matcher.alternatives if closed is not None and value not in closed]
    if unknown:
        raise ValueError(f"{metric.name}: {matcher.label} is never {unknown[0]!r}; it is one of {closed}")

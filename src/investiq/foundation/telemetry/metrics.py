"""Turns the catalogue into the prometheus_client collectors of one process."""

from __future__ import annotations

import platform
from typing import cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from investiq import __version__
from investiq.foundation.telemetry import catalogue, logging, tracing
from investiq.foundation.telemetry.catalogue import Kind, Metric
from investiq.foundation.vocabulary import LogLevel, Part

__all__ = ["Metrics"]

# A `_created` series beside every counter and histogram would double the series for a time that nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The collectors of one process: its part of the catalogue and the collectors of process and platform.

    Every label set that can be known in advance exists from the start with value 0: a series that appears with its
    first increment hides that increment from `rate()`.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._collectors = {metric: _collector(metric, self.registry) for metric in catalogue.of_part(part)}
        logs, spans = self.counter(catalogue.LOG_RECORDS), self.counter(catalogue.SPANS)
        logging.count_records_with({level.value: logs.labels(level.value).inc for level in LogLevel})
        tracing.count_spans_with(lambda where, what, number: spans.labels(where.value, what.value).inc(number))
        self.gauge(catalogue.BUILD_INFO).labels(__version__, platform.python_version()).set(1)

    def counter(self, metric: Metric) -> Counter:
        """The counter of `metric`; its `.inc()` or `.labels(...).inc()` counts."""
        return cast(Counter, self._get(metric, Kind.COUNTER))

    def gauge(self, metric: Metric) -> Gauge:
        """The gauge of `metric`."""
        return cast(Gauge, self._get(metric, Kind.GAUGE))

    def histogram(self, metric: Metric) -> Histogram:
        """The histogram of `metric`; observe in the metric's unit."""
        return cast(Histogram, self._get(metric, Kind.HISTOGRAM))

    def _get(self, metric: Metric, kind: Kind) -> Counter | Gauge | Histogram:
        if metric.kind is not kind:
            raise TypeError(f"{metric.name} is a {metric.kind}, not a {kind}")
        try:
            return self._collectors[metric]
        except KeyError:
            raise LookupError(f"{metric.name} is not emitted by {self.part}: add the part to the catalogue") from None


def _collector(metric: Metric, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    collector: Counter | Gauge | Histogram
    match metric.kind:
        case Kind.COUNTER:
            collector = Counter(metric.name, metric.help, metric.label_names, registry=registry)
        case Kind.GAUGE:
            collector = Gauge(metric.name, metric.help, metric.label_names, registry=registry)
        case Kind.HISTOGRAM:
            collector = Histogram(
                metric.name, metric.help, metric.label_names, registry=registry, buckets=metric.buckets
            )
    if metric.labels:
        for values in metric.known_label_sets():
            collector.labels(*values)
    return collector

"""Metrics of what has no /metrics of its own, as a file that the node exporter exposes for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from investiq.foundation.telemetry.catalogue import Kind, Metric

__all__ = ["textfile_text"]

_FAMILIES: Mapping[Kind, type[CounterMetricFamily] | type[GaugeMetricFamily]] = {
    Kind.COUNTER: CounterMetricFamily,
    Kind.GAUGE: GaugeMetricFamily,
}

Samples = Mapping[Metric, Mapping[tuple[str, ...], float]]


def textfile_text(samples: Samples) -> str:
    """The file. Each counter and gauge has its samples by the values of its labels, in their order."""
    for metric in samples:
        if metric.kind not in _FAMILIES or not metric.textfile:
            raise TypeError(f"{metric.name} is no counter or gauge of a file: see the catalogue")
    registry = CollectorRegistry(auto_describe=True)
    registry.register(_Kept(samples))
    return generate_latest(registry).decode("utf-8")


@dataclass(frozen=True, eq=False)
class _Kept(Collector):
    """The samples as they are; what is created by `Counter` would also tell when that was."""

    samples: Samples

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        for metric, values in self.samples.items():
            family = _FAMILIES[metric.kind](metric.name, metric.help, labels=metric.label_names)
            for labels, value in values.items():
                family.add_metric(labels, value)
            yield family

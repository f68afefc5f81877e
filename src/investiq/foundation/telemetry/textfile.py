"""Metrics of what does not run all the time, as a file that the node exporter exposes for it."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from investiq.foundation.telemetry.catalogue import Kind, Metric

__all__ = ["textfile_text"]


def textfile_text(samples: Mapping[Metric, Mapping[tuple[str, ...], float]]) -> str:
    """The file. Each gauge has its samples by the values of its labels, in their order."""
    registry = CollectorRegistry(auto_describe=True)
    for metric, values in samples.items():
        if metric.kind is not Kind.GAUGE or not metric.textfile:
            raise TypeError(f"{metric.name} is no gauge of a batch job: see the catalogue")
        gauge = Gauge(metric.name, metric.help, metric.label_names, registry=registry)
        for labels, value in values.items():
            (gauge.labels(*labels) if labels else gauge).set(value)
    return generate_latest(registry).decode("utf-8")

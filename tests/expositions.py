"""What a server exposes at /metrics, read as Prometheus reads it."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

__all__ = ["sample"]


def sample(text: str, name: str, **labels: str) -> float | None:
    """The value of the series with exactly these `labels` in an exposition; None where it is not exposed."""
    found = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return next((sample.value for sample in found if (sample.name, sample.labels) == (name, labels)), None)

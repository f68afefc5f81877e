"""The metrics of programs that are not ours, one module for each, and recordings of what they really expose."""

from __future__ import annotations

from investiq.monitoring.exporters import alertmanager, blackbox, nginx, node, process, prometheus, scrape
from investiq.monitoring.exporters.external_metric import EVERY_JOB, ExternalMetric

__all__ = ["EVERY_JOB", "EXTERNAL_METRICS", "ExternalMetric"]

EXTERNAL_METRICS: tuple[ExternalMetric, ...] = (
    *scrape.METRICS,
    *process.METRICS,
    *prometheus.METRICS,
    *alertmanager.METRICS,
    *blackbox.METRICS,
    *node.METRICS,
    *nginx.METRICS,
)
"""Every foreign metric that rules and panels may use."""

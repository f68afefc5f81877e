"""What Prometheus makes of each scrape, whoever was scraped."""

from __future__ import annotations

from investiq.monitoring.foreign.metric import EVERY_JOB, Foreign
from investiq.telemetry.catalogue import Kind

__all__ = ["METRICS", "SAMPLES", "UP"]

UP = Foreign("up", Kind.GAUGE, EVERY_JOB)
"""1 when the last scrape of a target succeeded, else 0."""

SAMPLES = Foreign("scrape_samples_post_metric_relabeling", Kind.GAUGE, EVERY_JOB)
"""Samples in the last scrape of a target: the series that it exposes."""

METRICS = (UP, SAMPLES)

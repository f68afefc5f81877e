"""What Prometheus itself makes of each scrape and of each rule, whoever was scraped."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import STATE, Kind
from investiq.monitoring.exporters.external_metric import EVERY_JOB, ExternalMetric

__all__ = ["ALERTS", "ALERTS_SINCE", "METRICS", "SAMPLES", "SCRAPE_DURATION", "UP"]

UP = ExternalMetric("up", Kind.GAUGE, EVERY_JOB, bounds=STATE)
"""1 when the last scrape of a target succeeded, else 0."""

SAMPLES = ExternalMetric("scrape_samples_post_metric_relabeling", Kind.GAUGE, EVERY_JOB)
"""Samples in the last scrape of a target: the series that it exposes."""

SCRAPE_DURATION = ExternalMetric("scrape_duration_seconds", Kind.GAUGE, EVERY_JOB)

_OF_RULES = ("severity", "subject", "service")

ALERTS = ExternalMetric("ALERTS", Kind.GAUGE, EVERY_JOB, ("alertname", "alertstate"), added=_OF_RULES, bounds=STATE)
"""1 for each alert that is pending or firing, with the labels of its rule and of the series that it is about."""

ALERTS_SINCE = ExternalMetric("ALERTS_FOR_STATE", Kind.GAUGE, EVERY_JOB, ("alertname",), added=_OF_RULES)
"""When the condition of an alert began to hold, in Unix seconds."""

METRICS = (UP, SAMPLES, SCRAPE_DURATION, ALERTS, ALERTS_SINCE)

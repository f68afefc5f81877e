"""The metrics of a service of the user, as its `[[services]]` names them."""

from __future__ import annotations

from investiq.foundation.config.schema import ServiceConfig
from investiq.foundation.telemetry.catalogue import Kind
from investiq.monitoring.exporters.external_metric import ExternalMetric
from investiq.monitoring.selectors import observations, series
from investiq.promql.matcher import Matcher

__all__ = ["durations", "requests"]


def durations(service: ServiceConfig) -> ExternalMetric:
    """The histogram of its requests."""
    return ExternalMetric(service.duration_metric, Kind.HISTOGRAM, (service.name,), (service.status_label,))


def requests(service: ServiceConfig, *matchers: Matcher) -> str:
    """The selector of its number of requests, with the label of their status."""
    if service.requests_metric is None:
        return observations(durations(service), *matchers)
    return series(
        ExternalMetric(service.requests_metric, Kind.COUNTER, (service.name,), (service.status_label,)), *matchers
    )

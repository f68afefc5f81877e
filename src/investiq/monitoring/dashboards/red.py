"""Requests, errors and duration of a service, from its one histogram: also of services that are not ours."""

from __future__ import annotations

from investiq.foundation.contract.panels import RATE_INTERVAL, PanelUnit
from investiq.foundation.telemetry.catalogue import Metric
from investiq.monitoring.alert import Alert
from investiq.monitoring.dashboards.panel import TARGET, Panel, Query
from investiq.monitoring.dashboards.panel_queries import quantile, share
from investiq.monitoring.exporters.external_metric import ExternalMetric
from investiq.monitoring.selectors import observations
from investiq.promql.matcher import Matcher

__all__ = ["duration_panel", "errors_panel", "red_panels", "requests_panel"]


def red_panels(
    histogram: Metric | ExternalMetric, unit: PanelUnit, failed: Matcher, *of: Matcher, alerts: tuple[Alert, ...] = ()
) -> tuple[Panel, Panel, Panel]:
    """The three panels of a service.

    Args:
        histogram: of the time that requests took.
        unit: what it counts in.
        failed: the matcher of requests that failed, such as `status=~"5.."`.
        of: matchers of the requests that count.
        alerts: on the duration, whose thresholds are drawn.
    """
    return (
        requests_panel(histogram, *of),
        errors_panel(histogram, failed, *of),
        duration_panel(histogram, unit, *of, alerts=alerts),
    )


def requests_panel(histogram: Metric | ExternalMetric, *of: Matcher) -> Panel:
    """Requests a second by job."""
    return Panel(
        title="Requests of users",
        description=(
            "Requests answered a second, without probes and scrapes. A fall to nothing while users are there means "
            "that they do not get through; a sudden rise comes before waiting and errors."
        ),
        unit=PanelUnit.REQUESTS_PER_SECOND,
        queries=(Query(_rate(histogram, *of), "{{job}}"),),
        width=8,
    )


def errors_panel(histogram: Metric | ExternalMetric, failed: Matcher, *of: Matcher) -> Panel:
    """Share of requests that failed, by job; nothing without requests."""
    return Panel(
        title="Requests that failed",
        description=(
            "Share of the requests of users that the service answered with an error of its own. Anything above "
            "nothing is somebody who did not get what they asked for."
        ),
        unit=PanelUnit.SHARE,
        queries=(Query(share(_rate(histogram, failed, *of), _rate(histogram, *of)), "{{job}}"),),
        width=8,
        maximum=1,
        emptiness="nobody asked in this time: there is nothing to measure",
    )


def duration_panel(
    histogram: Metric | ExternalMetric, unit: PanelUnit, *of: Matcher, alerts: tuple[Alert, ...] = ()
) -> Panel:
    """Quantiles of the duration over the chosen jobs."""
    return Panel(
        title="Latency",
        description=(
            "Time within which half, 95 % and 99 % of the requests of users were answered. When only the 99th "
            "percentile rises, some requests are hard; when all rise, the service waits for something or is overloaded."
        ),
        unit=unit,
        queries=tuple(Query(quantile(q, histogram, *of), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)),
        alerts=alerts,
        width=8,
    )


def _rate(histogram: Metric | ExternalMetric, *of: Matcher) -> str:
    return f"sum by (job) (rate({observations(histogram, *TARGET, *of)}[{RATE_INTERVAL}]))"

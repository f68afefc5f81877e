"""Rate, errors and duration of a service of the user, from its standard histogram."""

from __future__ import annotations

from dataclasses import replace

from investiq.foundation.config.schema import ServiceConfig
from investiq.foundation.contract.panels import RATE_INTERVAL, PanelState, PanelUnit, PanelView
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.dashboards.panel import TARGET, Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import latest
from investiq.monitoring.dashboards.red import duration_panel
from investiq.monitoring.exporters.blackbox import PROBE_SUCCESS, PROBED
from investiq.monitoring.exporters.external_metric import ExternalMetric
from investiq.monitoring.exporters.scrape import UP
from investiq.monitoring.rules.services import alerts
from investiq.monitoring.rules.slo import REMAINING
from investiq.monitoring.scraping.user_services import durations, requests
from investiq.monitoring.selectors import series
from investiq.promql.matcher import Matcher, eq, matching

__all__ = ["dashboard"]

_UP = {1.0: ("up", PanelState.GOOD), 0.0: ("down", PanelState.BAD)}


def dashboard(service: ServiceConfig) -> Dashboard:
    """The dashboard of `service`, at `/operations/service-<name>`."""
    own = eq("job", service.name)
    probed = () if service.health_path is None else (_probe(service),)
    promised = (Row("Objectives", (_budget(service),)),) if service.slos else ()
    return Dashboard(
        name=f"service-{service.name}",
        title=f"Service {service.name}",
        description=f"Whether {service.name} is up, and rate, errors and duration of its requests.",
        subject=Subject.SERVICES,
        targets=durations(service),
        rows=(
            Row("Is it up?", (_scraped(service, own), *probed)),
            Row("Requests", (_rate(service, own), _errors(service, own), _duration(service, own))),
            *promised,
        ),
    )


def _scraped(service: ServiceConfig, own: Matcher) -> Panel:
    return Panel(
        title="Metrics",
        description="Whether Prometheus gets its metrics. While it does not, nothing below can be trusted.",
        unit=PanelUnit.STATE,
        view=PanelView.STATES,
        queries=(Query(series(UP, *TARGET, own), "{{instance}}"),),
        alerts=alerts([service]),
        states=_UP,
    )


def _probe(service: ServiceConfig) -> Panel:
    return Panel(
        title="Health",
        description=f"Whether {service.health_path} answers 2xx, asked from outside as a user would.",
        unit=PanelUnit.STATE,
        view=PanelView.STATES,
        queries=(Query(series(PROBE_SUCCESS, eq(PROBED, service.name)), "{{instance}}"),),
        states=_UP,
    )


def _rate(service: ServiceConfig, own: Matcher) -> Panel:
    by_status = f"sum by ({service.status_label}) (rate({requests(service, *TARGET, own)}[{RATE_INTERVAL}]))"
    return Panel(
        title="Rate",
        description="Requests answered a second, by status. None, while users are there: they do not get through.",
        unit=PanelUnit.REQUESTS_PER_SECOND,
        queries=(Query(by_status, f"{{{{{service.status_label}}}}}"),),
    )


def _errors(service: ServiceConfig, own: Matcher) -> Panel:
    every = f"sum(rate({requests(service, *TARGET, own)}[{RATE_INTERVAL}]))"
    failed = f"sum(rate({requests(service, *TARGET, own, matching(service.status_label, '5..'))}[{RATE_INTERVAL}]))"
    return Panel(
        title="Errors",
        description="Share of requests that were answered with a 5xx status.",
        unit=PanelUnit.SHARE,
        # Before the first failure there is no series of one.
        queries=(Query(f"({failed} or vector(0)) / ({every} > 0)", "failed"),),
        emptiness="nobody asked in this time: there is nothing to measure",
    )


def _duration(service: ServiceConfig, own: Matcher) -> Panel:
    histogram = durations(service)
    panel = duration_panel(histogram, _unit(histogram), own)
    return replace(panel, emptiness="without a request in this time there is no duration", width=24)


def _budget(service: ServiceConfig) -> Panel:
    names = [service.slo_name(objective) for objective in service.slos]
    return Panel(
        width=24,
        title="Error budget left",
        description="Share of the error budget left. Below 0, the objective is missed.",
        unit=PanelUnit.SHARE,
        queries=(Query(latest(REMAINING, eq("slo", *names)), "{{slo}}"),),
        emptiness="before the first request there is nothing to be good or bad",
        minimum=None,
        maximum=1,
    )


def _unit(histogram: ExternalMetric) -> PanelUnit:
    by_suffix = {"_seconds": PanelUnit.SECONDS, "_milliseconds": PanelUnit.MILLISECONDS}
    return next((unit for suffix, unit in by_suffix.items() if histogram.name.endswith(suffix)), PanelUnit.COUNT)

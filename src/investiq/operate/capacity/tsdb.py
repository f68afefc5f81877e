"""What the running Prometheus says of itself: how many series and samples, whose, and what it was told to keep."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from investiq.clients.prometheus import Prometheus
from investiq.clients.session import HttpSettings
from investiq.foundation.config import Config
from investiq.foundation.telemetry import catalogue
from investiq.foundation.topology import PROBES

__all__ = ["Growth", "Tsdb", "read_tsdb"]

LARGEST = 10
"""Metrics that are named."""

_SECONDS = 10.0
_RATE_WINDOW = "5m"


@dataclass(frozen=True, slots=True)
class Growth:
    """What makes more series.

    Attributes:
        what: one of these more.
        series: that it adds; None where there is none to measure.
        now: how many there are.
    """

    what: str
    series: float | None
    now: int


@dataclass(frozen=True, slots=True)
class Tsdb:
    """A Prometheus as it runs.

    Attributes:
        samples_per_second: None while it has not run for long enough.
        largest_metrics: name -> series.
        jobs: scrape job -> samples of its last scrape.
        rule_series: made by its rules, not scraped.
        memory_bytes: of its process.
    """

    version: str
    series: int
    samples_per_second: float | None
    largest_metrics: Mapping[str, int]
    jobs: Mapping[str, int]
    rule_series: int
    memory_bytes: float | None
    growth: tuple[Growth, ...]


async def read_tsdb(config: Config) -> Tsdb:
    """Ask the Prometheus of this installation.

    Raises:
        ClientError: it does not answer.
    """
    async with Prometheus.of(config, HttpSettings(timeout_seconds=_SECONDS)) as prometheus:
        head = await prometheus.head(LARGEST)
        jobs = await _by(prometheus, "job", "sum by (job) (scrape_samples_post_metric_relabeling)")
        made = await _one(prometheus, 'count({__name__=~"ALERTS.*|.+:.+"})')
        appended = f"sum(rate(prometheus_tsdb_head_samples_appended_total[{_RATE_WINDOW}]))"
        return Tsdb(
            version=await prometheus.version(),
            series=head.series,
            samples_per_second=await _one(prometheus, appended),
            largest_metrics=dict(list(head.series_by_metric.items())[:LARGEST]),
            jobs=dict(sorted(jobs.items(), key=lambda job: -job[1])),
            rule_series=round(made or 0),
            memory_bytes=await _one(prometheus, 'process_resident_memory_bytes{job="prometheus"}'),
            growth=await _growth(prometheus, config),
        )


async def _growth(prometheus: Prometheus, config: Config) -> tuple[Growth, ...]:
    name = catalogue.REQUEST_DURATION.name
    routes = await _one(prometheus, f"count({name}_count)")
    of_routes = await _one(prometheus, f'count({{__name__=~"{name}_(bucket|count|sum)"}})')
    probes = await _one(prometheus, f'count(up{{job="{PROBES}"}})')
    of_probes = await _one(prometheus, f'sum(scrape_samples_post_metric_relabeling{{job="{PROBES}"}})')
    slos = await _one(prometheus, 'count(count by (slo) ({slo!=""}))')
    of_slos = await _one(prometheus, 'count({slo!=""})')
    return (
        Growth(
            "a route of a server answered with a status for the first time", _each(of_routes, routes), _whole(routes)
        ),
        Growth("an address that is probed, as each of [[services]]", _each(of_probes, probes), _whole(probes)),
        Growth("a service level objective", _each(of_slos, slos), _whole(slos)),
        Growth("a service of your own with metrics", None, len(config.services)),
        Growth("a symbol, an order, a key or a user", 0.0, 0),
    )


def _each(series: float | None, number: float | None) -> float | None:
    return series / number if series and number else None


def _whole(number: float | None) -> int:
    return round(number or 0)


async def _one(prometheus: Prometheus, expression: str) -> float | None:
    found = [sample.value for sample in await prometheus.query(expression) if math.isfinite(sample.value)]
    return found[0] if found else None


async def _by(prometheus: Prometheus, label: str, expression: str) -> dict[str, int]:
    return {sample.labels.get(label, ""): round(sample.value) for sample in await prometheus.query(expression)}

"""Whether every metric of the catalogue is in Prometheus: fresh, from each part that emits it, with all its labels."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from investiq.clients.prometheus import Prometheus, Sample
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.catalogue import Kind, Metric
from investiq.operate.validate.live.context import ValidationContext
from investiq.promql import duration

__all__ = ["check_metrics"]

_SCRAPES = 4
"""A sample that is older than so many scrapes is the last word of something that went silent."""

_DEFAULT_INTERVAL = 15.0
_SHOWN = 3
_SILENT = "alerts that read it cannot fire, and panels are empty"
_FIX = "see whether the part is up; if it is, it does not emit what docs/metrics.md promises"


async def check_metrics(context: ValidationContext) -> CheckResult:
    """Ask for the time of each sample, one question for each metric."""
    limits = {job: _SCRAPES * seconds for job, seconds in (await _intervals(context.prometheus)).items()}
    found = await asyncio.gather(*(_samples(context.prometheus, metric) for metric in catalogue.ALL))
    findings = [
        finding
        for metric, samples in zip(catalogue.ALL, found, strict=True)
        for part in metric.parts
        if part.value in context.jobs
        for finding in _faults(metric, part.value, samples, limits.get(part.value, _SCRAPES * _DEFAULT_INTERVAL))
    ]
    series = sum(map(len, found))
    return CheckResult("metrics", f"{len(catalogue.ALL)} metrics, {series} series", tuple(findings))


async def _intervals(prometheus: Prometheus) -> Mapping[str, float]:
    """Scrape job -> the seconds between two scrapes of it."""
    targets = await prometheus.targets()
    return {target.job: _seconds(target.scrape_interval) for target in targets}


def _seconds(interval: str) -> float:
    try:
        return duration.parse(interval).total_seconds()
    except duration.InvalidDuration:  # an older Prometheus does not tell it
        return _DEFAULT_INTERVAL


async def _samples(prometheus: Prometheus, metric: Metric) -> list[Sample]:
    """Its series, each with the time of its latest sample as value."""
    return await prometheus.query(f"timestamp({_sample_name(metric)})")


def _sample_name(metric: Metric) -> str:
    return f"{metric.name}_count" if metric.kind is Kind.HISTOGRAM else metric.name


def _faults(metric: Metric, job: str, samples: Sequence[Sample], limit: float) -> Iterator[Finding]:
    mine = [sample for sample in samples if sample.labels.get("job") == job]
    place = Place(PlaceKind.METRIC, f"{metric.name} of {job}")
    if not mine:
        yield Finding("metrics", place, "Prometheus has no sample of it", _FIX, _SILENT)
        return
    # What a part said before it was restarted, such as of a route that nobody has asked for since, is seen for minutes
    # where Prometheus was stopped too: old beside the new, and no fault.
    fresh = [sample for sample in mine if sample.at - sample.value <= limit]
    if not fresh:
        age = min(sample.at - sample.value for sample in mine)
        yield Finding("metrics", place, f"its latest sample is {age:.0f} s old, at most {limit:.0f}", _FIX, _SILENT)
        return
    present = {tuple(sample.labels.get(name, "") for name in metric.label_names) for sample in fresh}
    if missing := [labels for labels in metric.known_label_sets() if labels not in present]:
        shown = "; ".join(_text(metric, labels) for labels in missing[:_SHOWN])
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        yield Finding("metrics", place, f"no fresh series with {shown}{more}", _FIX, _SILENT)


def _text(metric: Metric, labels: Sequence[str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in zip(metric.label_names, labels, strict=True))

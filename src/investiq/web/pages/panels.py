"""What the charts of the operations page ask Prometheus. Metric names come from the catalogue, never typed again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from investiq.telemetry import catalogue
from investiq.telemetry.catalogue import Part
from investiq.web import format as fmt
from investiq.web.watchers import Sample

__all__ = ["COLORS", "PANELS", "SPANS", "Panel", "step_of"]

SPANS: Mapping[str, int] = {"15 min": 900, "1 h": 3_600, "6 h": 21_600, "24 h": 86_400}
"""Seconds shown."""

SERVERS: Mapping[str, str] = {
    Part.API: "API",
    Part.SIGNALS: "signal models",
    Part.WEB: "frontend",
}
QUANTILES: Mapping[str, str] = {"0.5": "p50", "0.95": "p95", "0.99": "p99"}

COLORS: Mapping[str, str] = {
    Part.API: "#3f7de0",
    Part.SIGNALS: "#e08a1e",
    Part.WEB: "#9a5fd0",
    "0.5": "#1f9d6b",
    "0.95": "#e08a1e",
    "0.99": "#d64550",
}


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart.

    Attributes:
        lines: name of each line and its label. One query gives a series for each, or there is a query for each.
        expressions: PromQL with `%(window)s` for the range of rates.
        formatter: name of a function of assets/charts.js that writes values at the axis.
        least_top: how far up the axis goes at least.
        nothing: what is said when there is no sample.
    """

    name: str
    title: str
    about: str
    lines: Mapping[str, str]
    expressions: Sequence[str]
    formatter: str
    written: Callable[[float], str]
    least_top: float
    nothing: str

    def queries(self, step: int) -> list[str]:
        """The expressions for samples `step` seconds apart."""
        # A rate needs two scrapes in its window, and windows that leave no gap between the steps.
        window = f"{max(60, 2 * step)}s"
        return [expression.replace("%(window)s", window) for expression in self.expressions]

    def by_line(self, answers: Sequence[Mapping[str, list[Sample]]]) -> dict[str, list[Sample]]:
        """The samples of each line."""
        if len(self.expressions) == 1:
            return {name: answers[0].get(name, []) for name in self.lines}
        series = [next(iter(answer.values()), []) for answer in answers]
        return dict(zip(self.lines, series, strict=True))


def step_of(seconds: int) -> int:
    """Seconds between samples: about 120 of them, no closer than Prometheus scrapes."""
    return max(10, seconds // 120)


_JOBS = f'job=~"{"|".join(SERVERS)}"'
_REQUESTS = f"sum by (job) (rate({catalogue.REQUESTS.name}{{{_JOBS}}}[%(window)s]))"
_ERRORS = f"sum by (job) (rate({catalogue.ERRORS.name}{{{_JOBS}}}[%(window)s]))"
_BUCKETS = f'sum by (le) (rate({catalogue.REQUEST_DURATION.name}_bucket{{job="{Part.API}"}}[%(window)s]))'

PANELS: Sequence[Panel] = (
    Panel(
        "requests",
        "Requests",
        "per second",
        SERVERS,
        [_REQUESTS],
        "rate",
        lambda value: f"{fmt.number(value, 1)}/s",
        1.0,
        "Prometheus has no samples of the servers yet.",
    ),
    Panel(
        "errors",
        "Errors",
        "share of answers that failed (5xx)",
        SERVERS,
        [f"{_ERRORS} / ({_REQUESTS} > 0)"],
        "share",
        lambda value: fmt.percent(value, 1),
        0.01,
        "Prometheus has no samples of the servers yet.",
    ),
    Panel(
        "latency",
        "Latency of the API",
        "until the last byte",
        QUANTILES,
        [f"histogram_quantile({quantile}, {_BUCKETS})" for quantile in QUANTILES],
        "milliseconds",
        lambda value: f"{fmt.number(value, 1)}\u202fms",
        10.0,
        "The API was asked nothing in this time.",
    ),
)

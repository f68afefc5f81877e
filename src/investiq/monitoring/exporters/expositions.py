"""What the programs really exposed: recorded from Debian 12's versions and from the newest of Debian's sid.

A recording is `expositions/<program>-<version>.txt`, trimmed by `setup/trim-exposition.py`. `probe` is the answer of
the blackbox exporter to a probe over TLS; `scrape` is what Prometheus makes of scrapes and alerts, read from its
/federate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from prometheus_client.parser import text_string_to_metric_families

from investiq.foundation.topology import ALERTMANAGER, BLACKBOX, NGINX_EXPORTER, NODE, PROBES, PROMETHEUS

__all__ = ["PROGRAMS", "Family", "parse_exposition", "recordings"]

_COUNTER = re.compile(r"^# TYPE (\S+) counter$", re.MULTILINE)

PROGRAMS: Mapping[str, str] = {
    "*": "scrape",
    PROMETHEUS.job: "prometheus",
    ALERTMANAGER.job: "alertmanager",
    PROBES: "probe",
    BLACKBOX.job: "blackbox",
    NODE.job: "node",
    NGINX_EXPORTER.job: "nginx",
}
"""Scrape job -> the program of its recordings."""


@dataclass(frozen=True, slots=True)
class Family:
    """A metric family as it was recorded.

    Attributes:
        kind: the TYPE, with the name of `prometheus_client` for `untyped`: unknown.
        labels: those that each of its samples has.
    """

    kind: str
    labels: frozenset[str]


def recordings() -> dict[str, dict[str, str]]:
    """Program -> version -> the recorded text."""
    found: dict[str, dict[str, str]] = {}
    folder = resources.files("investiq.monitoring.exporters") / "expositions"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        program, _, version = file.name.removesuffix(".txt").rpartition("-")
        found.setdefault(program, {})[version] = file.read_text(encoding="utf-8")
    return found


def parse_exposition(text: str) -> dict[str, Family]:
    """The families of an exposition by name; one without any sample is not there."""
    families = {}
    counters = set(_COUNTER.findall(text))
    for metric in text_string_to_metric_families(text):
        # The parser calls counters as OpenMetrics does: the family without `_total`, its samples with it, however the
        # program calls them.
        of_sample = f"{metric.name}_total" if metric.type == "counter" else metric.name
        labels = [frozenset(sample.labels) for sample in metric.samples if sample.name == of_sample]
        if labels:
            name = of_sample if of_sample in counters else metric.name
            families[name] = Family(metric.type, frozenset.intersection(*labels))
    return families

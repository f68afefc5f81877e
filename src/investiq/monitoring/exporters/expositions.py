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

from investiq.foundation.topology import ALERTMANAGER, BLACKBOX, NODE, PROBES, PROMETHEUS

__all__ = ["PROGRAMS", "Family", "parse_exposition", "recordings"]

PROGRAMS: Mapping[str, str] = {
    "*": "scrape",
    PROMETHEUS.job: "prometheus",
    ALERTMANAGER.job: "alertmanager",
    PROBES: "probe",
    BLACKBOX.job: "blackbox",
    NODE.job: "node",
}
"""Scrape job -> the program of its recordings."""

_TYPE = re.compile(r"# TYPE (\S+) (\S+)")
_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ")
_LABEL = re.compile(r'(\w+)="(?:\\.|[^"\\])*"')


@dataclass(frozen=True, slots=True)
class Family:
    """A metric family as it was recorded.

    Attributes:
        kind: the TYPE.
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
    kinds: dict[str, str] = {}
    labels: dict[str, frozenset[str]] = {}
    for line in text.splitlines():
        if typed := _TYPE.match(line):
            kinds[typed[1]] = typed[2]
        elif sample := _SAMPLE.match(line):
            own = frozenset(_LABEL.findall(sample[2] or ""))
            labels[sample[1]] = labels.get(sample[1], own) & own
    return {name: Family(kind, labels[name]) for name, kind in kinds.items() if name in labels}

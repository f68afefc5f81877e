"""Every foreign metric that rules use was really exposed by its program, in the oldest version and the newest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.vocabulary import Part
from investiq.monitoring.exporters import ExternalMetric
from investiq.monitoring.exporters.expositions import PROGRAMS, Family, parse_exposition

__all__ = ["check_foreign"]

CHECK = "foreign"

_FIX = "correct it in src/investiq/monitoring/exporters, or do without the metric"
_WHY = "with that version of the program, alerts and panels that read it are silent and empty"
_OURS = {part.value for part in Part}


def check_foreign(metrics: Collection[ExternalMetric], recorded: Mapping[str, Mapping[str, str]]) -> CheckResult:
    """Check that `metrics` exist.

    Args:
        recorded: program -> version -> its exposition.
    """
    families = {
        program: {version: parse_exposition(text) for version, text in versions.items()}
        for program, versions in recorded.items()
    }
    findings = [
        Finding(CHECK, Place(PlaceKind.METRIC, metric.name), what, _FIX, _WHY)
        for metric in metrics
        for emitter in metric.emitters
        if emitter not in _OURS
        for what in _faults(metric, PROGRAMS[emitter], families)
    ]
    expositions = sum(map(len, families.values()))
    return CheckResult(CHECK, f"{len(metrics)} metrics in {expositions} expositions", tuple(findings))


def _faults(
    metric: ExternalMetric, program: str, families: Mapping[str, Mapping[str, Mapping[str, Family]]]
) -> Iterator[str]:
    if not families.get(program):
        yield f"there is no recording of {program}"
    for version, exposed in families.get(program, {}).items():
        family = exposed.get(metric.name)
        if family is None:
            yield f"{program} {version} does not expose {metric.name}"
            continue
        if family.kind not in (metric.kind.value, "unknown"):
            yield f"{program} {version} calls {metric.name} a {family.kind}, not a {metric.kind}"
        for label in set(metric.labels) - family.labels:
            yield f"{metric.name} of {program} {version} has no label {label}"

"""Every metric, label, label value and job that a rule or panel names exists: nothing else ever fires or shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from investiq.foundation.findings import CheckResult, Finding, Place
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.catalogue import Kind, Metric
from investiq.foundation.vocabulary import AlertStatus, Severity, Subject
from investiq.monitoring.checks.expressions import NO_RESULT, Expression
from investiq.monitoring.exporters import EVERY_JOB, EXTERNAL_METRICS
from investiq.monitoring.exporters.blackbox import PROBED
from investiq.monitoring.exporters.scrape import ALERTS as ALERTS_FIRING
from investiq.monitoring.exporters.scrape import ALERTS_SINCE
from investiq.monitoring.rules import ALERTS, CONDITIONAL, RECORDINGS
from investiq.monitoring.selectors import TARGET_LABELS
from investiq.promql.matcher import Matcher, eq, matching
from investiq.promql.number import number_text
from investiq.promql.tree import Selector, nodes

__all__ = ["check_references"]

CHECK = "references"

_OF_ALERTS: Mapping[str, tuple[str, ...] | None] = {
    "alertname": tuple(dict.fromkeys(alert.name for alert in (*ALERTS, *CONDITIONAL))),
    "alertstate": ("pending", AlertStatus.FIRING),
    "severity": tuple(Severity),
    "subject": tuple(Subject),
}


@dataclass(frozen=True, slots=True)
class _Family:
    """What a series name may be matched with: label -> its values, None where they are not closed."""

    labels: Mapping[str, tuple[str, ...] | None]


def check_references(found: Sequence[Expression], jobs: Collection[str]) -> CheckResult:
    """Check the expressions of rules and panels.

    Args:
        jobs: names of the scrape jobs.
    """
    known = _families(jobs)
    findings = [Finding(CHECK, one.place, *fault, NO_RESULT) for one in found for fault in _faults(one, known)]
    if not found:
        findings.append(Finding(CHECK, Place.file("rule files"), "there is no rule at all", "run `investiq render`"))
    return CheckResult(CHECK, f"{len(found)} expressions", tuple(findings))


def _faults(expression: Expression, known: Mapping[str, _Family]) -> Iterator[tuple[str, str]]:
    if expression.tree is None:
        yield expression.problem, "correct the expression"
        return
    for node in nodes(expression.tree):
        if isinstance(node, Selector):
            yield from _selector_faults(node, known)


def _selector_faults(selector: Selector, known: Mapping[str, _Family]) -> Iterator[tuple[str, str]]:
    name = selector.name
    if name is None or name not in known:
        yield f"no part emits the metric {name}", "name a metric of docs/metrics.md"
        return
    for matchers in selector.alternatives:
        faults = [fault for matcher in matchers for fault in _matcher_faults(name, matcher, known[name])]
        yield from faults or _joint_faults(name, matchers, known[name])


def _matcher_faults(name: str, matcher: Matcher, family: _Family) -> Iterator[tuple[str, str]]:
    if matcher.label not in family.labels:
        labels = ", ".join(family.labels)
        yield f"{name} has no label {matcher.label}", f"use one of its labels: {labels}"
        return
    values = family.labels[matcher.label]
    if values is None:
        return
    for wanted in _alternatives(matcher):
        if not any(wanted.accepts(value) for value in values):
            yield f"{matcher.label} of {name} is never {wanted.value!r}", f"it is one of {', '.join(values)}"


def _joint_faults(name: str, matchers: Sequence[Matcher], family: _Family) -> Iterator[tuple[str, str]]:
    """Labels of which the matchers, each sound by itself, leave no value."""
    for label in dict.fromkeys(matcher.label for matcher in matchers):
        mine = [matcher for matcher in matchers if matcher.label == label]
        values = family.labels[label]
        if values is not None and not any(all(matcher.accepts(value) for matcher in mine) for value in values):
            told = ", ".join(f"{matcher.label}{matcher.op}{matcher.value!r}" for matcher in mine)
            yield f"{told} leaves no series of {name}", f"leave one of {', '.join(values)}"


def _alternatives(matcher: Matcher) -> list[Matcher]:
    """What must each accept something, also of what is excluded; the alternatives of a plain list count one by one."""
    if not matcher.is_regex:
        return [eq(matcher.label, matcher.value)]
    inside = matcher.value[1:-1] if matcher.value.startswith("(") and matcher.value.endswith(")") else matcher.value
    several = [matcher.value] if "(" in inside else inside.removeprefix("?:").split("|")
    return [matching(matcher.label, one) for one in several]


def _families(jobs: Collection[str]) -> dict[str, _Family]:
    target = dict.fromkeys(TARGET_LABELS) | {"job": tuple(jobs)}
    families = {
        name: _Family({label: _recorded_values(label, jobs) for label in labels})
        for name, labels in {recording.name: recording.labels for recording in RECORDINGS}.items()
    }
    for foreign in EXTERNAL_METRICS:
        emitters = tuple(jobs) if foreign.emitters == EVERY_JOB else tuple(j for j in foreign.emitters if j in jobs)
        families[foreign.name] = _Family(target | {"job": emitters} | dict.fromkeys(foreign.label_names))
    for alerts in (ALERTS_FIRING, ALERTS_SINCE):
        families[alerts.name] = _Family({**families[alerts.name].labels, **_OF_ALERTS, "job": None})
    for probed in (
        metric for metric in EXTERNAL_METRICS if PROBED in metric.added and metric not in (ALERTS_FIRING, ALERTS_SINCE)
    ):
        families[probed.name] = _Family({**families[probed.name].labels, PROBED: tuple(jobs)})
    for metric in catalogue.ALL:
        own = {label.name: label.values for label in metric.labels}
        parts = {"job": tuple(job for job in metric.jobs if job in jobs)}
        for name, further in _exposed(metric):
            families[name] = _Family(target | parts | own | further)
    return families


def _recorded_values(label: str, jobs: Collection[str]) -> tuple[str, ...] | None:
    """The values of a label of what is recorded; None where they are not closed."""
    if label == "slo":
        return tuple(dict.fromkeys(recording.static["slo"] for recording in RECORDINGS if "slo" in recording.static))
    return tuple(jobs) if label in ("job", "service") else None


def _exposed(metric: Metric) -> Iterator[tuple[str, dict[str, tuple[str, ...] | None]]]:
    if metric.kind is not Kind.HISTOGRAM:
        yield metric.name, {}
        return
    # A bound is written `10`, and `10.0` by Prometheus 3.
    bounds = {text for bound in metric.buckets for text in (number_text(bound), str(float(bound)))}
    yield f"{metric.name}_bucket", {"le": (*sorted(bounds, key=float), "+Inf")}
    yield f"{metric.name}_sum", {}
    yield f"{metric.name}_count", {}

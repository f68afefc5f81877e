"""Every metric, label, label value and job that a rule or panel names exists: nothing else ever fires or shows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import promql_parser
from promql_parser import Matcher, MatchOp, VectorSelector

from investiq.monitoring.checks.expressions import Expression
from investiq.monitoring.checks.finding import Checked, Finding
from investiq.monitoring.foreign import EVERY_JOB, FOREIGN
from investiq.monitoring.promql import TARGET_LABELS
from investiq.monitoring.rules import RECORDINGS
from investiq.telemetry import catalogue
from investiq.telemetry.catalogue import Kind, Metric

__all__ = ["check_references"]

CHECK = "references"


@dataclass(frozen=True, slots=True)
class _Family:
    """What a series name may be matched with: label -> its values, None where they are not closed."""

    labels: Mapping[str, tuple[str, ...] | None]


def check_references(found: Sequence[Expression], jobs: Collection[str]) -> Checked:
    """Check the expressions of rules and panels.

    Args:
        jobs: names of the scrape jobs.
    """
    known = _families(jobs)
    findings = [Finding(CHECK, one.where, *fault) for one in found for fault in _faults(one.text, known)]
    if not found:
        findings.append(Finding(CHECK, "rule files", "there is no rule at all", "run `investiq render`"))
    return Checked(CHECK, f"{len(found)} expressions", tuple(findings))


def _faults(expression: str, known: Mapping[str, _Family]) -> Iterator[tuple[str, str]]:
    try:
        selectors = _selectors(expression)
    except ValueError as error:
        yield f"the expression does not parse: {error}", "correct the expression"
        return
    for selector in selectors:
        name = selector.name
        if name is None or name not in known:
            yield f"no part emits the metric {name}", "name a metric of docs/metrics.md"
            continue
        for matcher in selector.matchers.matchers:
            yield from _matcher_faults(name, matcher, known[name])


def _selectors(expression: str) -> list[VectorSelector]:
    found: list[VectorSelector] = []

    def visit(node: object) -> None:
        if isinstance(node, VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


def _matcher_faults(name: str, matcher: Matcher, family: _Family) -> Iterator[tuple[str, str]]:
    if matcher.name not in family.labels:
        labels = ", ".join(family.labels)
        yield f"{name} has no label {matcher.name}", f"use one of its labels: {labels}"
        return
    values = family.labels[matcher.name]
    if values is None:
        return
    for wanted in _alternatives(matcher):
        if not any(_matches(matcher, wanted, value) for value in values):
            yield f"{matcher.name} of {name} is never {wanted!r}", f"it is one of {', '.join(values)}"


def _alternatives(matcher: Matcher) -> list[str]:
    """What must each match something; the alternatives of a plain list count one by one."""
    return matcher.value.split("|") if _is_regex(matcher) and "(" not in matcher.value else [matcher.value]


def _matches(matcher: Matcher, wanted: str, value: str) -> bool:
    return re.fullmatch(wanted, value) is not None if _is_regex(matcher) else wanted == value


def _is_regex(matcher: Matcher) -> bool:
    return matcher.op in (MatchOp.Re, MatchOp.NotRe)


def _families(jobs: Collection[str]) -> dict[str, _Family]:
    target = dict.fromkeys(TARGET_LABELS) | {"job": tuple(jobs)}
    families = {recording.name: _Family(dict.fromkeys(recording.labels)) for recording in RECORDINGS}
    for foreign in FOREIGN:
        emitters = tuple(jobs) if foreign.emitters == EVERY_JOB else tuple(j for j in foreign.emitters if j in jobs)
        families[foreign.name] = _Family(target | {"job": emitters} | dict.fromkeys(foreign.label_names))
    for metric in catalogue.ALL:
        own = {label.name: label.values for label in metric.labels}
        parts = {"job": tuple(part.value for part in metric.parts if part.value in jobs)}
        for name, further in _exposed(metric):
            families[name] = _Family(target | parts | own | further)
    return families


def _exposed(metric: Metric) -> Iterator[tuple[str, dict[str, tuple[str, ...] | None]]]:
    if metric.kind is not Kind.HISTOGRAM:
        yield metric.name, {}
        return
    yield f"{metric.name}_bucket", {"le": None}
    yield f"{metric.name}_sum", {}
    yield f"{metric.name}_count", {}

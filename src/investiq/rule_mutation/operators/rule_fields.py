"""What stands beside the expression: `for`, `keep_firing_for`, labels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from investiq.promql import duration
from investiq.rule_mutation.operators.operator import Operator, Siblings
from investiq.rule_mutation.rule import Rule, RuleChange

__all__ = ["OPERATORS"]

Changes = Iterator[tuple[RuleChange, None]]
_ADDED = "1m"
_SEVERITIES = {"critical": "warning", "page": "ticket", "ticket": "page", "warning": "critical", "info": "warning"}


def _for_removed(rule: Rule, _: Siblings) -> Changes:
    if _hold(rule):
        yield _field("for", rule.fields["for"], None)


def _for_changed(rule: Rule, _: Siblings) -> Changes:
    hold = _hold(rule)
    if hold:
        for other in (hold / 2, hold * 2):
            yield _field("for", rule.fields["for"], duration.format(other))


def _for_added(rule: Rule, _: Siblings) -> Changes:
    if rule.alerting and not _hold(rule):
        yield _field("for", rule.fields.get("for"), _ADDED)


def _hold(rule: Rule) -> timedelta:
    return _length(rule.fields.get("for"))


def _length(text: str | None) -> timedelta:
    try:
        return duration.parse(text) if text else timedelta()
    except duration.InvalidDuration:  # promtool refuses it in the baseline
        return timedelta()


def _keep_firing_removed(rule: Rule, _: Siblings) -> Changes:
    if _length(rule.fields.get("keep_firing_for")):
        yield _field("keep_firing_for", rule.fields["keep_firing_for"], None)


def _field(name: str, before: str | None, after: str | None) -> tuple[RuleChange, None]:
    was, now = (f"{name}: {value}" if value else "" for value in (before, after))
    return RuleChange((name,), before, after, was, now), None


def _severity_changed(rule: Rule, _: Siblings) -> Changes:
    severity = rule.labels.get("severity")
    if rule.alerting and severity is not None:
        other = _SEVERITIES.get(severity, "critical")
        yield RuleChange(("labels", "severity"), severity, other, f"severity: {severity}", f"severity: {other}"), None


def _rule_label_dropped(rule: Rule, _: Siblings) -> Changes:
    for name, value in rule.labels.items():
        yield RuleChange(("labels", name), value, None, f"{name}: {value}", ""), None


OPERATORS = (
    Operator(
        "for-removed",
        "`for` forgotten: every blip pages",
        "a silent test of a fault that is shorter than `for`",
        _for_removed,
    ),
    Operator(
        "for-changed",
        "half or twice the patience",
        "a silent test shortly before `for` has passed, and a firing one when it has",
        _for_changed,
    ),
    Operator(
        "for-added",
        "patience where there should be none",
        "a firing test at the first evaluation after the fault",
        _for_added,
    ),
    Operator(
        "keep-firing-removed",
        "an alert that flaps",
        "a firing test after the fault has gone, within `keep_firing_for`",
        _keep_firing_removed,
    ),
    Operator(
        "severity-changed",
        "the wrong people woken, or nobody",
        "a firing test; promtool compares all labels",
        _severity_changed,
    ),
    Operator(
        "rule-label-dropped",
        "a label that routing or inhibition needs forgotten",
        "a firing test; promtool compares all labels",
        _rule_label_dropped,
    ),
)

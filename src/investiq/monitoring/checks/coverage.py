"""Every alert has promtool tests: one in which it fires, and one, the nearest healthy case, in which it is silent.

Silence counts only where the alert could have spoken: something that it reads is there, for as long as it has to last.
How near a healthy case is to the fault, the mutants of `investiq rules mutate` tell.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.checks.yaml_lines import line_of
from investiq.monitoring.rules import RECORDINGS
from investiq.promql import duration
from investiq.promql.parse import parse
from investiq.promql.tree import Selector, nodes

__all__ = ["check_coverage"]

CHECK = "alert-tests"

_NAME = re.compile(r"[a-zA-Z_:][\w:]*")


@dataclass(frozen=True, slots=True)
class _Case:
    """One moment of a test at which an alert is looked at.

    Attributes:
        line: of its file, where that is known.
        severities: those that are expected to fire; none expects silence.
        seconds: since the start of the test.
        series: the names of what there is in the test.
    """

    path: str
    line: int | None
    alert: str
    severities: tuple[str, ...]
    seconds: float
    series: frozenset[str]


def check_coverage(alerts: Collection[Alert], tests: Mapping[str, Mapping[str, Any]]) -> CheckResult:
    """Check that `alerts` are tested both ways.

    Args:
        tests: path -> parsed promtool test file.
    """
    cases = [case for path, document in tests.items() for case in _cases(path, document)]
    findings: list[Finding] = []
    for alert in alerts:
        mine = [case for case in cases if (case.path, case.alert) == (_path(alert), alert.name)]
        place = Place(PlaceKind.RULE, f"{alert.name} ({alert.severity})")
        findings += (Finding(CHECK, place, *fault) for fault in _faults(alert, mine))
    findings += _strangers(alerts, cases)
    firing = sum(bool(case.severities) for case in cases)
    return CheckResult(CHECK, f"{len(alerts)} alerts, {firing} firing and {len(cases)} cases in all", tuple(findings))


def _strangers(alerts: Collection[Alert], cases: Sequence[_Case]) -> Iterator[Finding]:
    """Tests of what is no alert of their subject, each alert once."""
    known = {(_path(alert), alert.name) for alert in alerts}
    first = {(case.path, case.alert): case for case in reversed(cases) if (case.path, case.alert) not in known}
    for (path, name), case in sorted(first.items()):
        yield Finding(
            CHECK,
            Place.file(path, line=case.line),
            f"tests {name}, which is no alert of this subject",
            "remove or rename it",
            "such a test passes whatever the alerts do",
            FindingSeverity.WARNING,
        )


def _faults(alert: Alert, cases: Collection[_Case]) -> Iterator[tuple[str, str, str]]:
    """What is wrong, what to do, and why it matters."""
    path = _path(alert)
    why = "what always fires is soon believed by nobody"
    if not any(alert.severity.value in case.severities for case in cases):
        fix = f"add a case with exp_alerts to {path}"
        yield "no test shows that it fires", fix, "an alert that was never seen to fire may not be able to"
    if alert.no_data is NoData.NEVER:  # what always fires on purpose has no healthy case
        return
    silent = [case for case in cases if not case.severities]
    if not silent:
        yield "no test shows it silent", f"add the nearest healthy case, exp_alerts: [], to {path}", why
        return
    read = _read(alert.expr)
    if not any(case.series & read and case.seconds >= alert.for_seconds for case in silent):
        what = f"no test shows it silent where it could fire: with {', '.join(sorted(read))}"
        after = f", {alert.for_seconds} s after the start or later" if alert.for_seconds else ""
        yield what + after, f"give the healthy case in {path} the series that the alert reads, and that long", why


def _path(alert: Alert) -> str:
    return f"tests/rules/{alert.subject}.yml"


def _read(expression: str) -> frozenset[str]:
    """The names of the series that an expression reads, those behind recorded ones included."""
    names = {node.name for node in nodes(parse(expression)) if isinstance(node, Selector) and node.name}
    behind = [_read(recording.query) for recording in RECORDINGS if recording.name in names]
    return frozenset(names).union(*behind)


def _cases(path: str, document: Mapping[str, Any]) -> Iterator[_Case]:
    for test in document.get("tests", ()):
        given = [_NAME.search(str(one.get("series", ""))) for one in test.get("input_series") or ()]
        series = frozenset(name[0] for name in given if name)
        for case in test.get("alert_rule_test") or ():
            expected = case.get("exp_alerts") or ()
            severities = tuple(alert.get("exp_labels", {}).get("severity", "") for alert in expected)
            yield _Case(
                path, line_of(case), case["alertname"], severities, _seconds(str(case.get("eval_time", 0))), series
            )


def _seconds(length: str) -> float:
    try:
        return duration.parse(length).total_seconds()
    except duration.InvalidDuration:  # promtool refuses it, and the check `rule-tests` says so
        return 0.0

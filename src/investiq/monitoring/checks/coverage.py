"""Every alert has promtool tests: one in which it fires, and one, the nearest healthy case, in which it is silent."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.checks.finding import Checked, Finding

__all__ = ["check_coverage"]

CHECK = "alert-tests"


def check_coverage(alerts: Collection[Alert], tests: Mapping[str, Mapping[str, Any]]) -> Checked:
    """Check that `alerts` are tested both ways.

    Args:
        tests: path -> parsed promtool test file.
    """
    cases = [case for path, document in tests.items() for case in _cases(path, document)]
    fires = {(path, name, severity) for path, name, severities in cases for severity in severities}
    silent = {(path, name) for path, name, severities in cases if not severities}
    findings: list[Finding] = []
    for alert in alerts:
        path = f"tests/rules/{alert.subject}.yml"
        where = f"{alert.name} ({alert.severity})"
        if (path, alert.name, alert.severity.value) not in fires:
            findings.append(
                Finding(CHECK, where, "no test shows that it fires", f"add a case with exp_alerts to {path}")
            )
        # What always fires on purpose has no healthy case.
        if alert.no_data is not NoData.NEVER and (path, alert.name) not in silent:
            findings.append(
                Finding(
                    CHECK, where, "no test shows it silent", f"add the nearest healthy case, exp_alerts: [], to {path}"
                )
            )
    known = {(f"tests/rules/{alert.subject}.yml", alert.name) for alert in alerts}
    for path, name in sorted({(path, name) for path, name, _ in cases} - known):
        findings.append(Finding(CHECK, path, f"tests {name}, which is no alert of this subject", "remove or rename it"))
    looked_at = f"{len(alerts)} alerts, {sum(bool(s) for *_, s in cases)} firing and {len(cases)} cases in all"
    return Checked(CHECK, looked_at, tuple(findings))


def _cases(path: str, document: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Path, alert name, and the severities expected to fire (none: silent) of each case."""
    for test in document.get("tests", ()):
        for case in test.get("alert_rule_test", ()):
            expected = case.get("exp_alerts") or ()
            yield path, case["alertname"], [alert.get("exp_labels", {}).get("severity", "") for alert in expected]

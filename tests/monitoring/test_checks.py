"""Each check finds its planted fault, names it, and is content with the real thing."""

from __future__ import annotations

from typing import Any

import pytest

from investiq.foundation.findings import FindingSeverity
from investiq.monitoring.checks.coverage import check_coverage
from investiq.monitoring.checks.expressions import expressions
from investiq.monitoring.checks.references import check_references
from investiq.monitoring.checks.runbooks import check_runbooks
from investiq.monitoring.checks.yaml_lines import load_with_lines
from investiq.monitoring.rules.market import MARKET_DATA_STALE
from investiq.monitoring.rules.monitoring import WATCHDOG
from investiq.monitoring.rules.trading import CIRCUIT_BREAKER_TRIPPED

DURATION = "investiq_request_duration_milliseconds"
JOBS = ("investiq-api", "signal-models", "frontend", "prometheus")


def _rules(expression: str) -> dict[str, Any]:
    return {"monitoring/rules/x.yml": {"groups": [{"name": "x", "rules": [{"alert": "X", "expr": expression}]}]}}


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("investiq_error_total > 0", "no part emits the metric investiq_error_total"),
        (
            "investiq_request_duration_milliseconds > 1",
            "no part emits the metric investiq_request_duration",
        ),
        ('investiq_trading_halted{reason="manual"} == 1', "investiq_trading_halted has no label reason"),
        ('investiq_dependency_health{name="db"} == 0', "name of investiq_dependency_health is never 'db'"),
        ('investiq_dependency_health{name=~"broker|db"} == 0', "name of investiq_dependency_health is never 'db'"),
        ('up{job="api"} == 0', "job of up is never 'api'"),
        ('investiq_trading_halted{job="frontend"} == 1', "job of investiq_trading_halted is never 'frontend'"),
        ('investiq_dependency_health{name=~"(broker|db)"} == 0', "name of investiq_dependency_health is never 'db'"),
        ('investiq_market_phase{phase!~"open|closed|ended"}', "phase!~'open|closed|ended' leaves no series of"),
        ('investiq_market_phase{phase="open", phase!~"o.*"}', "phase='open', phase!~'o.*' leaves no series of"),
        (f'rate({DURATION}_bucket{{le="300"}}[5m])', f"le of {DURATION}_bucket is never '300'"),
        ('job:investiq_requests:rate5m{job="nobody"} > 1', "job of job:investiq_requests:rate5m is never 'nobody'"),
        ('slo:errors:ratio_window{slo="no-such"} > 1', "slo of slo:errors:ratio_window is never 'no-such'"),
        ('ALERTS{alertname="ServiceDwn"}', "alertname of ALERTS is never 'ServiceDwn'"),
        ('ALERTS{alertstate="fired"}', "alertstate of ALERTS is never 'fired'"),
        ('probe_success{service="nobody"} == 0', "service of probe_success is never 'nobody'"),
        ("sum(rate(nobody_total[5m])) > 0", "no part emits the metric nobody_total"),
        ("up == ", "the expression does not parse"),
    ],
)
def test_an_expression_that_can_never_fire_is_found(expression: str, what: str) -> None:
    checked = check_references(expressions(_rules(expression)), JOBS)
    assert checked.findings[0].what.startswith(what)
    assert checked.findings[0].place.where == "monitoring/rules/x.yml: X"


@pytest.mark.parametrize(
    "expression",
    [
        'up{job=~"investiq-api|frontend"} == 0',
        'sum(rate(investiq_request_duration_milliseconds_bucket{le="1000", status=~"5.."}[5m])) > 0',
        f'rate({DURATION}_bucket{{le=~"1000(\\\\.0)?"}}[5m])',
        f'rate({DURATION}_bucket{{le="2500.0"}}[5m]) / rate({DURATION}_bucket{{le="+Inf"}}[5m])',
        'rate(investiq_prediction_duration_seconds_bucket{le="2.5"}[5m])',
        'investiq_market_phase{phase!="ended", phase=~".+"}',
        'ALERTS{alertname="ServiceDown", alertstate="firing", severity="critical"}',
        "time()",
        'investiq_build_info{version="1"}',
    ],
)
def test_an_expression_on_what_exists_passes(expression: str) -> None:
    assert check_references(expressions(_rules(expression)), JOBS).findings == ()


def test_a_rule_is_found_by_its_line_and_by_what_it_is_rendered_from() -> None:
    text = "groups:\n  - name: x\n    rules:\n      - alert: X\n        expr: nobody_total > 0\n"
    file = "monitoring/rules/api.yml"
    (finding,) = check_references(expressions({file: load_with_lines(file, text)}), JOBS).findings
    assert str(finding.place) == "monitoring/rules/api.yml:4: X"
    assert finding.place.source == "src/investiq/monitoring/rules/api.py"


def test_no_rule_at_all_is_a_finding() -> None:
    assert check_references([], JOBS).findings


def _tests(*cases: dict[str, Any]) -> dict[str, Any]:
    return {"tests/rules/trading.yml": {"tests": [_test("investiq_trading_halted", *cases)]}}


def _test(name: str, *cases: dict[str, Any]) -> dict[str, Any]:
    return {"input_series": [{"series": f'{name}{{job="x"}}', "values": "0x9"}], "alert_rule_test": list(cases)}


FIRES = {"alertname": "CircuitBreakerTripped", "exp_alerts": [{"exp_labels": {"severity": "critical"}}]}
FIRES_AS_WARNING = {**FIRES, "exp_alerts": [{"exp_labels": {"severity": "warning"}}]}
SILENT = {"alertname": "CircuitBreakerTripped", "exp_alerts": []}


def test_an_alert_tested_both_ways_passes() -> None:
    assert check_coverage([CIRCUIT_BREAKER_TRIPPED], _tests(FIRES, SILENT)).findings == ()


@pytest.mark.parametrize(
    ("tests", "what"),
    [
        (_tests(SILENT), "no test shows that it fires"),
        (_tests(FIRES), "no test shows it silent"),
        ({"tests/rules/api.yml": _tests(FIRES, SILENT)["tests/rules/trading.yml"]}, "no test shows that it fires"),
        (
            _tests(SILENT, FIRES_AS_WARNING),
            "no test shows that it fires",
        ),
    ],
)
def test_a_missing_test_is_found(tests: dict[str, Any], what: str) -> None:
    assert what in [finding.what for finding in check_coverage([CIRCUIT_BREAKER_TRIPPED], tests).findings]


def _late(*tests: dict[str, Any]) -> dict[str, Any]:
    """Tests of MarketDataStale, which must last for a minute."""
    fires = {"alertname": "MarketDataStale", "exp_alerts": [{"exp_labels": {"severity": "warning"}}]}
    return {"tests/rules/market.yml": {"tests": [_test("investiq_market_data_age_seconds", fires), *tests]}}


SILENT_LATE = {"alertname": "MarketDataStale", "eval_time": "1m30s", "exp_alerts": []}


@pytest.mark.parametrize(
    "test",
    [
        _test("investiq_market_data_ages_seconds", SILENT_LATE),  # it reads no such series: silent whatever there is
        _test("investiq_market_data_age_seconds", SILENT_LATE | {"eval_time": "50s"}),  # it never fires so soon
        {"alert_rule_test": [SILENT_LATE]},
    ],
)
def test_silence_where_the_alert_could_not_fire_is_no_test(test: dict[str, Any]) -> None:
    (finding,) = check_coverage([MARKET_DATA_STALE], _late(test)).findings
    assert finding.what.startswith("no test shows it silent where it could fire: with investiq_market_data_age")
    assert finding.what.endswith("60 s after the start or later")
    enough = _test("investiq_market_data_age_seconds", SILENT_LATE)
    assert check_coverage([MARKET_DATA_STALE], _late(test, enough)).findings == ()


def test_a_test_of_an_alert_that_is_no_more_is_found() -> None:
    gone = {"alertname": "Gone", "exp_alerts": []}
    findings = check_coverage([CIRCUIT_BREAKER_TRIPPED], _tests(FIRES, SILENT, gone)).findings
    assert [finding.what for finding in findings] == ["tests Gone, which is no alert of this subject"]
    assert findings[0].severity is FindingSeverity.WARNING


def test_what_always_fires_needs_no_silent_test() -> None:
    fires = {"alertname": "Watchdog", "exp_alerts": [{"exp_labels": {"severity": "none"}}]}
    tests = {"tests/rules/monitoring.yml": {"tests": [{"alert_rule_test": [fires]}]}}
    assert check_coverage([WATCHDOG], tests).findings == ()


ENTRY = """
**What it means.** x

**What the user loses.** x

**First three commands.**

```sh
a
b
c
```

**Mitigate.** x

**Over when.** x
"""


def _page(name: str = "CircuitBreakerTripped", entry: str = ENTRY) -> dict[str, str]:
    return {"trading": f"# Runbook\n\n## {name}\n{entry}"}


def test_a_whole_runbook_passes() -> None:
    assert check_runbooks([CIRCUIT_BREAKER_TRIPPED], _page()).findings == ()


@pytest.mark.parametrize(
    ("pages", "what"),
    [
        ({}, ["CircuitBreakerTripped has no heading"]),
        (_page("Other"), ["CircuitBreakerTripped has no heading", "the heading Other belongs to no alert"]),
        (_page(entry=ENTRY.replace("b\n", "")), ["it has 2 first commands"]),
        (_page(entry=ENTRY.replace("**Over when.**", "")), ["it does not say: Over when."]),
    ],
)
def test_a_missing_orphaned_or_thin_runbook_is_found(pages: dict[str, str], what: list[str]) -> None:
    assert [finding.what for finding in check_runbooks([CIRCUIT_BREAKER_TRIPPED], pages).findings] == what


def test_a_heading_is_found_by_its_line() -> None:
    pages = _page(entry=ENTRY.replace("b\n", "") + "\n## Other\n" + ENTRY)
    places = [str(finding.place) for finding in check_runbooks([CIRCUIT_BREAKER_TRIPPED], pages).findings]
    lines = pages["trading"].splitlines()
    assert places == [
        "src/investiq/foundation/runbooks/trading.md:3: CircuitBreakerTripped",
        f"src/investiq/foundation/runbooks/trading.md:{lines.index('## Other') + 1}",
    ]


def test_a_page_without_a_heading_is_read() -> None:
    found = check_runbooks([CIRCUIT_BREAKER_TRIPPED], {"trading": "# Runbook\n"}).findings
    assert [finding.what for finding in found] == ["CircuitBreakerTripped has no heading"]

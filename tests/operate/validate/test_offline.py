"""`validate --offline` is content with this repository, and finds each fault that is planted into a copy of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from investiq.foundation import checkout as installed
from investiq.foundation import runbooks
from investiq.foundation.checkout import checkout
from investiq.foundation.config import Config
from investiq.foundation.config.schema import NotifyConfig
from investiq.foundation.findings import Finding, Verdict
from investiq.monitoring.checks.expressions import panel_expressions
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.dashboards.events import EVENTS
from investiq.monitoring.dashboards.panel import Query, Row
from investiq.monitoring.rules import ALERTS, RECORDINGS
from investiq.operate.validate import offline
from investiq.operate.validate.offline import validate_committed, validate_offline

P95 = "histogram_quantile(0.95, sum by (le) (rate(investiq_request_duration_milliseconds_bucket[5m])))"
API_DASHBOARD = "monitoring/grafana/dashboards/api"
RUNBOOKS = "src/investiq/foundation/runbooks"
PANEL_EXPRESSIONS = len(panel_expressions(dashboards_of(Config()), EVENTS))


def _findings(root: Path, *only: str, config: Config | None = None) -> list[Finding]:
    checks = validate_offline(root, config or Config(), only or None)
    return [finding for checked in checks for finding in checked.findings]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that are validated, free to be damaged."""
    for folder in ("monitoring", "docs", "tests/rules", RUNBOOKS):
        shutil.copytree(checkout() / folder, tmp_path / folder)
    monkeypatch.setattr(runbooks, "FOLDER", tmp_path / RUNBOOKS)
    return tmp_path


def test_every_check_says_what_it_looked_at(copy: Path) -> None:
    _leave_the_tests_of_the_market(copy)
    checked = validate_offline(copy, Config(), ("rule-tests", "references"))
    assert [one.looked_at for one in checked] == [
        "1 files of promtool tests",
        f"{len(ALERTS) + len(RECORDINGS) + PANEL_EXPRESSIONS} expressions",
    ]


def _leave_the_tests_of_the_market(root: Path) -> None:
    for tests in root.glob("tests/rules/*.yml"):
        if tests.name != "market.yml":  # all of them take half a minute; tests/cli runs them
            tests.unlink()


def _fail_the_tests_of_the_market(root: Path) -> None:
    _leave_the_tests_of_the_market(root)
    _replace("monitoring/rules/market.yml", "severity: ", "severity: not-")(root)


def _test_a_copy_of_the_rules(root: Path) -> None:
    _leave_the_tests_of_the_market(root)
    shutil.copy(root / "monitoring/rules/market.yml", root / "tests/rules/market.rules")
    _replace("tests/rules/market.yml", "../../monitoring/rules/market.yml", "market.rules")(root)


def _replace(path: str, old: str, new: str) -> Callable[[Path], None]:
    def plant(root: Path) -> None:
        text = (root / path).read_text("utf-8")
        assert old in text
        (root / path).write_text(text.replace(old, new), "utf-8")

    return plant


def _write(path: str, text: str) -> Callable[[Path], None]:
    def plant(root: Path) -> None:
        (root / path).write_text(text, "utf-8")

    return plant


def _remove(path: str) -> Callable[[Path], None]:
    return lambda root: (root / path).unlink()


@pytest.mark.parametrize(
    ("plant", "check", "where"),
    [
        (_replace("monitoring/rules/api.yml", "for: 1m", "for: 10m"), "rendered", "monitoring/rules/api.yml"),
        (_replace("docs/metrics.md", "counter", "gauge"), "rendered", "docs/metrics.md"),
        (_replace(f"{API_DASHBOARD}.json", "$__rate_interval", "5m"), "rendered", f"{API_DASHBOARD}.json"),
        (_replace(f"{API_DASHBOARD}.json", "$__rate_interval", "5m"), "dashboards", f"{API_DASHBOARD}.json: Requests"),
        (_remove("monitoring/blackbox.yml"), "rendered", "monitoring/blackbox.yml"),
        (_write("monitoring/rules/old.yml", "groups: []"), "rendered", "monitoring/rules/old.yml"),
        (_replace("monitoring/prometheus.yml", "10s", "ten"), "programs", "monitoring/prometheus.yml"),
        (
            _replace("monitoring/alertmanager.yml", "receiver: inbox", "receiver: "),
            "programs",
            "monitoring/alertmanager.yml",
        ),
        (_replace("monitoring/blackbox.yml", "prober", "probe"), "programs", "monitoring/blackbox.yml"),
        (_fail_the_tests_of_the_market, "rule-tests", "tests/rules/market"),
        (
            _replace("monitoring/rules/trading.yml", "investiq_trading_halted", "investiq_trading_halt"),
            "references",
            "monitoring/rules/trading.yml: CircuitBreakerTripped",
        ),
        (
            _replace("monitoring/rules/monitoring.yml", "increase(", "deriv("),
            "rates",
            "monitoring/rules/monitoring.yml: PrometheusTsdbFailing",
        ),
        (
            _replace("monitoring/rules/api.yml", "> 1000 and", "> 10000 and"),
            "thresholds",
            "monitoring/rules/api.yml: HighLatency",
        ),
        (
            _replace("monitoring/rules/slo.yml", "vector(0.999)", "vector(0.8)"),
            "burn-rates",
            "monitoring/rules/slo.yml: ErrorBudgetBurnsFast",
        ),
        (
            _replace("monitoring/rules/api.yml", "/ job:", "/ on (instance) job:"),
            "labels",
            "monitoring/rules/api.yml: job:investiq_request_errors:ratio_rate5m",
        ),
        (_test_a_copy_of_the_rules, "rule-tests", "tests/rules/market.yml"),
        (_remove("tests/rules/signals.yml"), "alert-tests", "MLServiceDown (warning)"),
        (_replace(f"{RUNBOOKS}/api.md", "## HighLatency", "## Latency"), "runbooks", f"{RUNBOOKS}/api.md"),
        (_remove(f"{RUNBOOKS}/trading.md"), "runbooks", f"{RUNBOOKS}/trading.md"),
    ],
)
def test_a_planted_fault_is_found(copy: Path, plant: Callable[[Path], None], check: str, where: str) -> None:
    plant(copy)
    found = _findings(copy, check)
    assert where in [finding.place.where[: len(where)] for finding in found]
    assert all(finding.check == check and finding.fix and not finding.is_unchecked for finding in found)


def test_a_failing_promtool_test_is_found_by_its_line_and_says_how_it_fails(copy: Path) -> None:
    _leave_the_tests_of_the_market(copy)
    _replace("monitoring/rules/market.yml", "expr: ", "expr: vector(1) > 2 and ")(copy)
    findings = _findings(copy, "rule-tests")
    lines = (copy / "tests/rules/market.yml").read_text("utf-8").splitlines()
    for finding in findings:
        assert finding.place.line is not None
        alert, separator, _ = finding.what.partition(" does not fire after ")
        assert separator
        assert alert in lines[finding.place.line - 1]
        assert "`promtool test rules tests/rules/market.yml`" in finding.fix
    assert len(findings) > 1


@pytest.mark.parametrize(
    ("plant", "what"),
    [
        (_replace("monitoring/rules/market.yml", "severity: ", "severity: not-"), "fires with other labels or texts"),
        (_replace("monitoring/rules/market.yml", "for: 1m", "for: 1s"), "fires, and should not, after "),
    ],
)
def test_how_a_promtool_test_fails(copy: Path, plant: Callable[[Path], None], what: str) -> None:
    _leave_the_tests_of_the_market(copy)
    plant(copy)
    assert any(what in finding.what for finding in _findings(copy, "rule-tests"))


def test_a_file_that_is_no_yaml_is_named_and_hides_no_other_check(copy: Path) -> None:
    (copy / "monitoring/rules/api.yml").write_text("groups:\n  - name: [\n")
    checked = validate_offline(copy, Config(), ("references", "rates", "runbooks"))
    assert [one.verdict for one in checked] == [Verdict.UNCHECKED, Verdict.UNCHECKED, Verdict.OK]
    (finding,) = checked[0].findings
    assert str(finding.place) == "monitoring/rules/api.yml:3"
    assert finding.what.startswith("it is not YAML: ")


def test_a_test_file_that_is_no_yaml_is_a_finding(copy: Path) -> None:
    _leave_the_tests_of_the_market(copy)
    (copy / "tests/rules/market.yml").write_text("tests: [\n")
    (finding,) = _findings(copy, "rule-tests")
    assert (finding.place.name, finding.is_unchecked) == ("tests/rules/market.yml", False)


def test_what_is_rendered_names_its_source(copy: Path) -> None:
    _replace("monitoring/prometheus.yml", "10s", "ten")(copy)
    places = [finding.place for finding in _findings(copy, "rendered", "programs")]
    assert {place.source for place in places} == {"src/investiq/monitoring/scraping/jobs.py"}


def test_no_rule_at_all_is_no_success(copy: Path) -> None:
    shutil.rmtree(copy / "monitoring/rules")
    assert [finding.what for finding in _findings(copy, "references")] == ["there is no rule at all"]


@pytest.mark.parametrize(
    ("expr", "check"),
    [
        ("sum(rate(investiq_request_total[5m]))", "references"),  # a dead panel: it is investiq_requests_total
        ('investiq_dependency_health{name="databank"}', "references"),
        ("rate(investiq_active_connections[5m])", "rates"),
        (f"{P95} > 20000", "thresholds"),
        ("investiq_trading_halted / investiq_dependency_health", "labels"),
    ],
)
def test_a_fault_in_a_panel_is_found(monkeypatch: pytest.MonkeyPatch, expr: str, check: str) -> None:
    overview = dashboards_of(Config())[0]
    panel = replace(overview.panels[0], title="Planted", queries=(Query(expr, ""),))
    faulty = replace(overview, rows=(Row("Planted", (panel,)),))
    monkeypatch.setattr(offline, "dashboards_of", lambda config: (faulty,))
    (finding,) = _findings(checkout(), check)
    assert finding.place.where == "dashboard overview: Planted"
    assert finding.check == check


def test_a_metric_that_only_a_panel_looked_at_is_found_when_the_panel_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "dashboards_of", lambda config: ())
    assert "investiq_equity_dollars" in [finding.place.where for finding in _findings(checkout(), "usage")]


def test_no_tests_at_all_is_no_success(copy: Path) -> None:
    shutil.rmtree(copy / "tests")
    assert [finding.what for finding in _findings(copy, "rule-tests")] == ["there is no promtool test at all"]


def test_a_receiver_that_cannot_work_is_a_finding() -> None:
    config = Config(notify=NotifyConfig(discord_webhook_url="${DISCORD_WEBHOOK_URL}"))
    (finding,) = _findings(checkout(), "programs", config=config)
    assert "notify.discord_webhook_url" in finding.what


def test_a_checker_that_is_not_installed_leaves_its_file_unchecked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    findings = _findings(checkout())
    assert {finding.what for finding in findings} >= {"promtool is not installed", "amtool is not installed"}
    assert all(finding.is_unchecked for finding in findings)


def test_an_installed_version_checks_what_it_renders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installed, "__file__", str(tmp_path / "site-packages/investiq/foundation/checkout.py"))
    checked = validate_committed(Config(), ("rendered", "alert-tests", "references"))
    assert [(check.check, check.findings) for check in checked] == [
        ("rendered", ()),
        ("references", ()),
        ("alert-tests", ()),
    ]

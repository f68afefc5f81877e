"""Alerts that only some settings have: rendered where there is something to watch, and tested like the others."""

from __future__ import annotations

import pkgutil
import shutil
import subprocess
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from investiq.foundation.config import Config
from investiq.foundation.config.schema import MonitoringConfig
from investiq.foundation.telemetry import catalogue
from investiq.foundation.topology import GRAFANA, NGINX_EXPORTER, PROBES
from investiq.foundation.vocabulary import Subject
from investiq.monitoring import rules
from investiq.monitoring.alert import Alert
from investiq.monitoring.checks.coverage import check_coverage
from investiq.monitoring.checks.expressions import expressions
from investiq.monitoring.checks.references import check_references
from investiq.monitoring.rules import ALERTS, CONDITIONAL
from investiq.monitoring.rules.monitoring import alerts
from investiq.monitoring.rules.rule_file import rule_document
from investiq.monitoring.scraping.jobs import Job, jobs
from investiq.monitoring.scraping.probes import Probe
from investiq.rule_mutation.runner import mutate
from investiq.rule_mutation.suite import load_suite
from tests.chance import DEEP

TESTS = Path(__file__).with_name("conditional.yml")

EDGE_TESTS = Path(__file__).with_name("edge.yml")

OF_EDGE = [alert for alert in CONDITIONAL if alert.subject is Subject.EDGE]
OF_MONITORING = [alert for alert in CONDITIONAL if alert.subject is Subject.MONITORING]
SECURE = "https://invest.example.org/health"
SECURE_PROBES = Job(PROBES, (SECURE,), (Probe(SECURE, "frontend"),))


@pytest.fixture(params=[(Subject.MONITORING, OF_MONITORING, TESTS), (Subject.EDGE, OF_EDGE, EDGE_TESTS)])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The tests of a subject, with the rules that they load."""
    subject, alerts_of_it, tests = request.param
    document = rule_document(subject, alerts_of_it, "http://127.0.0.1:8050")
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(document), "utf-8")
    shutil.copy(tests, tmp_path / "tests.yml")
    return tmp_path


def test_by_default_there_is_no_grafana_and_no_certificate_to_watch() -> None:
    assert {alert.name for alert in OF_MONITORING} & {alert.name for alert in ALERTS} == set()


def test_what_is_scraped_decides_which_are_rendered() -> None:
    grafana = Config(monitoring=MonitoringConfig(grafana=True, grafana_port=3011))
    names = {alert.name for alert in alerts(jobs(grafana))}
    assert "GrafanaDown" in names
    assert "CertificateExpiring" not in names
    assert jobs(grafana)[-1] == Job(GRAFANA.job, ("127.0.0.1:3011",))
    rendered = [alert for alert in alerts([SECURE_PROBES]) if alert.name == "CertificateExpiring"]
    assert [alert.severity for alert in rendered] == ["warning", "critical"]


def _written() -> set[tuple[str, str, str]]:
    """Every alert that stands by itself in a module of rules, by subject, name and severity."""
    modules = [import_module(f"{rules.__name__}.{found.name}") for found in pkgutil.iter_modules(rules.__path__)]
    values = (value for module in modules for value in vars(module).values())
    several = (value if isinstance(value, tuple) else (value,) for value in values)
    return {(one.subject, one.name, one.severity) for ones in several for one in ones if isinstance(one, Alert)}


def test_every_alert_that_is_written_is_rendered_under_some_settings() -> None:
    rendered = {(alert.subject, alert.name, alert.severity) for alert in (*ALERTS, *CONDITIONAL)}
    assert len(_written()) > 40
    assert _written() - rendered == set()


def test_each_is_tested_both_ways() -> None:
    tests = {"tests/rules/monitoring.yml": yaml.safe_load(TESTS.read_text("utf-8"))}
    assert check_coverage(OF_MONITORING, tests).findings == ()
    of_edge = {"tests/rules/edge.yml": yaml.safe_load(EDGE_TESTS.read_text("utf-8"))}
    assert check_coverage(OF_EDGE, of_edge).findings == ()


def test_each_names_what_exists(folder: Path) -> None:
    rendered = {"rules.yml": yaml.safe_load((folder / "rules.yml").read_text("utf-8"))}
    assert check_references(expressions(rendered), [GRAFANA.job, PROBES, NGINX_EXPORTER.job]).findings == ()


def test_their_tests_pass(folder: Path) -> None:
    command = ["promtool", "test", "rules", "tests.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_mutant_of_them_survives(folder: Path) -> None:
    """Of the alert that has the fewest; `make proof-random` tries those of all."""
    suite = load_suite([folder / "rules.yml"], [folder / "tests.yml"], families=catalogue.families())
    mutants = Counter(mutant.rule.name for mutant in suite.mutants)
    report = mutate(suite, only=() if DEEP else [min(mutants, key=mutants.__getitem__)])
    survived = [f"{v.mutant.rule.name}: {v.mutant.change}" for v in report.verdicts if v.outcome == "survived"]
    assert survived == []
    assert report.verdicts

"""Alerts that only some settings have: rendered where there is something to watch, and tested like the others."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from investiq.foundation.config import Config
from investiq.foundation.telemetry import catalogue
from investiq.foundation.topology import GRAFANA, PROBES
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.checks.coverage import check_coverage
from investiq.monitoring.checks.expressions import expressions
from investiq.monitoring.checks.references import check_references
from investiq.monitoring.rules import ALERTS
from investiq.monitoring.rules.monitoring import CONDITIONAL, alerts
from investiq.monitoring.rules.rule_file import rule_document
from investiq.monitoring.scraping.jobs import Job, jobs
from investiq.monitoring.scraping.probes import Probe
from investiq.rule_mutation.runner import mutate
from investiq.rule_mutation.suite import load_suite

TESTS = Path(__file__).with_name("conditional.yml")

GRAFANA_JOB = Job(GRAFANA.job, ("127.0.0.1:3001",))
SECURE = "https://invest.example.org/health"
SECURE_PROBES = Job(PROBES, (SECURE,), (Probe(SECURE, "frontend"),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tests, with the rules that they load."""
    rules = rule_document(Subject.MONITORING, CONDITIONAL, "http://127.0.0.1:8050")
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules), "utf-8")
    shutil.copy(TESTS, tmp_path / "tests.yml")
    return tmp_path


def test_by_default_there_is_no_grafana_and_no_certificate_to_watch() -> None:
    assert {alert.name for alert in CONDITIONAL} & {alert.name for alert in ALERTS} == set()


def test_what_is_scraped_decides_which_are_rendered() -> None:
    names = {alert.name for alert in alerts([*jobs(Config()), GRAFANA_JOB])}
    assert "GrafanaDown" in names
    assert "CertificateExpiring" not in names
    rendered = [alert for alert in alerts([SECURE_PROBES]) if alert.name == "CertificateExpiring"]
    assert [alert.severity for alert in rendered] == ["warning", "critical"]


def test_each_is_tested_both_ways() -> None:
    tests = {"tests/rules/monitoring.yml": yaml.safe_load(TESTS.read_text("utf-8"))}
    assert check_coverage(CONDITIONAL, tests).findings == ()


def test_each_names_what_exists(folder: Path) -> None:
    rules = {"rules.yml": yaml.safe_load((folder / "rules.yml").read_text("utf-8"))}
    assert check_references(expressions(rules), [GRAFANA.job, PROBES]).findings == ()


def test_their_tests_pass(folder: Path) -> None:
    command = ["promtool", "test", "rules", "tests.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_mutant_of_them_survives(folder: Path) -> None:
    report = mutate(load_suite([folder / "rules.yml"], [folder / "tests.yml"], families=catalogue.families()))
    survived = [f"{v.mutant.rule.name}: {v.mutant.change}" for v in report.verdicts if v.outcome == "survived"]
    assert survived == []
    assert len(report.verdicts) > 20

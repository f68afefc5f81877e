"""The alerts about services of the user, tested like those about our own parts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from investiq.foundation.config import Config
from investiq.foundation.telemetry import catalogue
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.checks.coverage import check_coverage
from investiq.monitoring.rules import ALERTS, alerts_of
from investiq.monitoring.rules.rule_file import rule_document
from investiq.rule_mutation.runner import mutate
from investiq.rule_mutation.suite import load_suite
from tests.monitoring.services import SERVICES

TESTS = Path(__file__).with_name("service_rules.yml")
RULES = alerts_of(Config(services=SERVICES))[Subject.SERVICES]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tests, with the rules that they load."""
    rules = rule_document(Subject.SERVICES, RULES, "http://127.0.0.1:8050")
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules), "utf-8")
    shutil.copy(TESTS, tmp_path / "tests.yml")
    return tmp_path


def test_without_services_there_is_no_rule_about_them() -> None:
    assert [alert for alert in ALERTS if alert.subject is Subject.SERVICES] == []


def test_each_severity_is_tested_both_ways() -> None:
    tests = {"tests/rules/services.yml": yaml.safe_load(TESTS.read_text("utf-8"))}
    assert [alert.severity for alert in RULES] == ["critical", "warning"]
    assert check_coverage(RULES, tests).findings == ()


def test_their_tests_pass(folder: Path) -> None:
    command = ["promtool", "test", "rules", "tests.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_mutant_of_them_survives(folder: Path) -> None:
    report = mutate(load_suite([folder / "rules.yml"], [folder / "tests.yml"], families=catalogue.families()))
    assert [f"{v.mutant.rule.name}: {v.mutant.change}" for v in report.verdicts if v.outcome == "survived"] == []
    assert report.verdicts

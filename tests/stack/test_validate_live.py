"""`investiq validate` names what a monitoring that answers, but does not watch, gets wrong.

The answers are those of Prometheus 2.42 and Alertmanager 0.25, cut down; tests/e2e asks the real programs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from investiq.config import Config
from investiq.monitoring.checks import Finding
from investiq.monitoring.jobs import jobs
from investiq.monitoring.rules import ALERTS
from investiq.stack.validate_live import validate_live
from investiq.telemetry import catalogue
from investiq.telemetry.catalogue import Kind


class Monitoring:
    """The answers of a healthy Prometheus, Alertmanager and inbox, by path; a test spoils one of them."""

    def __init__(self) -> None:
        now = datetime.now(UTC).isoformat()
        self.targets: list[dict[str, Any]] = [
            {"labels": {"job": job.name, "instance": target}, "health": "up", "lastError": ""}
            for job in jobs(Config())
            for target in job.targets
        ]
        self.rules: list[dict[str, Any]] = [
            {"name": a.name, "labels": {"severity": a.severity.value}, "health": "ok", "lastEvaluation": now}
            for a in ALERTS
        ]
        self.samples = [
            {"metric": {"__name__": f"{m.name}_count" if m.kind is Kind.HISTOGRAM else m.name, "job": part.value}}
            for m in catalogue.ALL
            for part in m.parts
        ]
        self.alertmanagers: list[dict[str, str]] = [{"url": "http://127.0.0.1:9093/api/v2/alerts"}]
        self.receivers = ["inbox", "heartbeat"]
        self.inbox: dict[str, Any] = {"status": "ok", "heartbeat": {"age_seconds": 4.0}}
        self.dead: set[int] = set()
        self.raw: dict[str, Any] = {}

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if urlsplit(str(request.url)).port in self.dead:
            raise httpx2.ConnectError("connection refused")
        documents = {
            "/api/v1/targets": {"data": {"activeTargets": self.targets}},
            "/api/v1/rules": {"data": {"groups": [{"rules": self.rules}]}},
            "/api/v1/query": {"data": {"result": self.samples}},
            "/api/v1/alertmanagers": {"data": {"activeAlertmanagers": self.alertmanagers}},
            "/api/v2/receivers": [{"name": name} for name in self.receivers],
            "/health": self.inbox,
            **self.raw,
        }
        return httpx2.Response(503 if self.inbox["status"] != "ok" else 200, json=documents[request.url.path])

    def findings(self, without: tuple[str, ...] = ()) -> list[Finding]:
        with httpx2.Client(transport=httpx2.MockTransport(self.answer)) as client:
            return [finding for checked in validate_live(Config(), client, without) for finding in checked.findings]


@pytest.fixture
def monitoring() -> Monitoring:
    return Monitoring()


def test_a_monitoring_that_watches_has_no_finding(monitoring: Monitoring) -> None:
    assert monitoring.findings() == []


def test_a_job_that_is_not_scraped(monitoring: Monitoring) -> None:
    del monitoring.targets[0]
    assert [(f.check, f.where) for f in monitoring.findings()] == [("targets", "investiq-api")]


def test_a_target_that_is_down_says_why(monitoring: Monitoring) -> None:
    monitoring.targets[0] |= {"health": "down", "lastError": "connection refused"}
    (finding,) = monitoring.findings()
    assert (finding.where, finding.what) == ("investiq-api 127.0.0.1:3000", "connection refused")


def test_a_job_that_this_machine_cannot_have_is_not_missed(monitoring: Monitoring) -> None:
    monitoring.targets = [target for target in monitoring.targets if target["labels"]["job"] != "node"]
    assert monitoring.findings(without=("node",)) == []
    assert monitoring.findings() != []


def test_a_rule_that_is_not_loaded(monitoring: Monitoring) -> None:
    gone = monitoring.rules.pop()
    (finding,) = monitoring.findings()
    assert finding.where.startswith(gone["name"])
    assert finding.what == "Prometheus has not loaded it"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"health": "err", "lastError": "many-to-many"}, "it does not evaluate: many-to-many"),
        ({"lastEvaluation": "2026-01-01T00:00:00.123456789Z"}, "it was last evaluated"),
    ],
)
def test_a_rule_that_does_not_evaluate(monitoring: Monitoring, change: dict[str, str], what: str) -> None:
    monitoring.rules[0] |= change
    (finding,) = monitoring.findings()
    assert finding.what.startswith(what)


def test_a_metric_of_the_catalogue_that_nobody_emits(monitoring: Monitoring) -> None:
    monitoring.samples = [s for s in monitoring.samples if s["metric"]["__name__"] != "investiq_trading_halted"]
    (finding,) = monitoring.findings()
    assert (finding.check, finding.where) == ("metrics", "investiq_trading_halted")


def test_alerts_that_never_leave_prometheus(monitoring: Monitoring) -> None:
    monitoring.alertmanagers = []
    assert [finding.check for finding in monitoring.findings()] == ["alertmanager-known"]


def test_a_receiver_that_alertmanager_does_not_have(monitoring: Monitoring) -> None:
    monitoring.receivers = ["inbox"]
    assert [finding.where for finding in monitoring.findings()] == ["heartbeat"]


@pytest.mark.parametrize(
    ("age", "what"), [(None, "no heartbeat has arrived"), (31.0, "the latest heartbeat is 31 s old")]
)
def test_a_heartbeat_that_is_late(monitoring: Monitoring, age: float | None, what: str) -> None:
    monitoring.inbox["heartbeat"] = {"age_seconds": age}
    assert [finding.what for finding in monitoring.findings()] == [what]


def test_programs_that_do_not_answer_are_findings_and_nothing_is_called_fine(monitoring: Monitoring) -> None:
    monitoring.dead = {9090, 9093, 5001}
    findings = monitoring.findings()
    assert [f.check for f in findings] == ["targets", "rules", "metrics", "alertmanager-known", "receivers", "inbox"]
    assert all("connection refused" in finding.what for finding in findings)


def test_another_program_on_the_port_leaves_the_question_open(monitoring: Monitoring) -> None:
    monitoring.raw = {"/api/v1/targets": {"hello": "world"}}
    (finding,) = monitoring.findings()
    assert finding.unchecked
    assert "not as expected" in finding.what

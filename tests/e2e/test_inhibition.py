"""Inhibition as it is delivered: the rendered file, its own waits, and the real inbox.

Each inhibition by itself is in tests/monitoring/test_inhibition.py.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from investiq.clients.session import HttpCredentials
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths, load
from investiq.foundation.topology import Process
from investiq.operate.render.files import write_runtime
from investiq.operate.render.web_config import provide_passwords
from investiq.operate.supervise.parts import HealthProbe, ProcessSpec, stack_table
from tests.ports import free_ports

pytestmark = pytest.mark.e2e

DEADLINE_SECONDS = 60


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    for name, port in zip(("INBOX_PORT", "MONITORING_ALERTMANAGER_PORT"), free_ports(2), strict=True):
        monkeypatch.setenv(f"INVESTIQ_{name}", str(port))
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return load().config


@pytest.fixture
def delivery(config: Config) -> Iterator[httpx2.Client]:
    """A real inbox and a real Alertmanager with the rendered file."""
    provide_passwords(config)
    write_runtime(config, Paths.of(config).monitoring)
    table = stack_table(config)
    with (
        httpx2.Client(timeout=5, trust_env=False) as client,
        _running(table["inbox"], client),
        _running(table["alertmanager"], client),
    ):
        yield client


@contextmanager
def _running(part: ProcessSpec, client: httpx2.Client) -> Iterator[None]:
    process = subprocess.Popen(part.argv, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert part.check is not None
        _await_answer(client, part.check)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _await_answer(client: httpx2.Client, check: HealthProbe) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            if client.get(check.url, auth=check.credentials.auth()).is_success:
                return
        except httpx2.HTTPError:
            pass
        assert time.monotonic() < deadline, f"{check.url} does not answer"
        time.sleep(0.1)


def _alert(name: str, service: str, severity: str, subject: str = "api", /, **further: str) -> dict[str, Any]:
    labels = {"alertname": name, "service": service, "severity": severity, "subject": subject, **further}
    ends = datetime.now(UTC) + timedelta(minutes=5)
    return {"labels": labels, "annotations": {"summary": name}, "endsAt": ends.isoformat()}


def test_symptoms_are_muted_by_their_cause_and_other_faults_are_not(config: Config, delivery: httpx2.Client) -> None:
    pages = [
        _alert("ServiceDown", "investiq-api", "critical"),
        _alert("MLServiceDown", "signal-models", "warning", "signals"),
        _alert("ExporterDown", "node", "warning", "monitoring"),
        _alert("HostDiskLow", "elsewhere", "warning", "host"),
        _alert("PrometheusNotIngesting", "prometheus", "critical", "monitoring"),
        _alert("HighErrorRate", "signal-models-of-somebody-else", "critical"),
    ]
    symptoms = [
        _alert("HighErrorRate", "investiq-api", "critical"),
        _alert("HighLatency", "investiq-api", "warning"),
        _alert("DependencyDown", "investiq-api", "warning", name="signal_models"),
        _alert("HighErrorRate", "frontend", "critical"),
        _alert("HighErrorRate", "signal-models", "critical"),
        _alert("ProbeFailing", "investiq-api", "critical"),
        _alert("ApiSaturated", "investiq-api", "warning"),
        _alert("HostDiskLow", "node", "warning", "host"),
        _alert("TargetMissing", "inbox", "warning", "monitoring"),
        _alert("ServiceAbsent", "frontend", "critical"),
    ]
    assert _delivered(config, delivery, pages, symptoms) == sorted(_names(pages))


def _delivered(
    config: Config, client: httpx2.Client, pages: list[dict[str, Any]], symptoms: list[dict[str, Any]]
) -> list[tuple[str, str]]:
    """What is in the inbox once everything has been delivered, a marker sent after the rest included in the wait.

    The symptoms are sent first: it is the worse order. The marker is an alert that nothing mutes, sent last; its group
    waits as long as theirs, so when it has arrived, theirs would have.
    """
    marker = _alert("Marker", "marker", "warning", "marker")
    url = f"{topology.ALERTMANAGER.url(config)}/api/v2/alerts"
    for batch in (symptoms, pages, [marker]):
        client.post(url, json=batch, auth=_auth(config, topology.ALERTMANAGER)).raise_for_status()
    expected = {*_names(pages), ("Marker", "marker")}
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not expected <= set(arrived := _inbox(config, client)):
        assert time.monotonic() < deadline, f"only {arrived} arrived"
        time.sleep(0.2)
    return sorted(set(arrived) - {("Marker", "marker")})


def _inbox(config: Config, client: httpx2.Client) -> list[tuple[str, str]]:
    url, auth = f"{topology.INBOX.url(config)}/api/notifications", _auth(config, topology.INBOX)
    rows = client.get(url, auth=auth).raise_for_status().json()["notifications"]
    return [(row["alertname"], row["labels"]["service"]) for row in rows]


def _auth(config: Config, process: Process) -> httpx2.Auth:
    auth = HttpCredentials.of(process, config).auth()
    assert auth is not None
    return auth


def _names(alerts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(alert["labels"]["alertname"], alert["labels"]["service"]) for alert in alerts]

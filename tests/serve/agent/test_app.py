"""The agent's own server: /health and /metrics beside the loop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from investiq.foundation.config import Config
from investiq.foundation.config.schema import AgentConfig, ApiConfig
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.agent import create_app
from tests.expositions import sample
from tests.ports import closed_port, free_port

BASE = "http://127.0.0.1:8060"
LOCAL = ("127.0.0.1", 50_000)


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[TestClient]:
    """An agent that waits for its key."""
    config = Config(data_dir=tmp_path, api=ApiConfig(port=closed_port()))
    with TestClient(create_app(config, Metrics(Part.AGENT)), base_url=BASE, client=LOCAL) as client:
        yield client


def test_before_its_first_cycle_it_is_degraded_and_not_down(waiting: TestClient) -> None:
    answer = waiting.get("/health")
    assert answer.status_code == 200
    health = answer.json()
    assert health["status"] == "degraded"
    assert health["loop"]["finished_at"] is None
    assert health["loop"]["error"] is None


def test_every_series_of_the_agent_is_there_from_the_first_scrape(waiting: TestClient) -> None:
    text = waiting.get("/metrics").text
    assert sample(text, "investiq_agent_cycles_total", outcome="failed") == 0
    assert sample(text, "investiq_agent_decisions_total", action="enter") == 0
    assert sample(text, "investiq_agent_orders_total", outcome="denied") == 0
    assert sample(text, "investiq_agent_market_open_time_seconds") == 0
    assert sample(text, "investiq_agent_cycle_interval_seconds") == 10
    assert sample(text, "investiq_errors_total") == 0


def test_it_answers_to_its_own_names_only(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, agent=AgentConfig(hostnames=("agent.example.org",)))
    with TestClient(create_app(config, Metrics(Part.AGENT)), base_url=BASE, client=LOCAL) as client:
        assert client.get("/health", headers={"host": "agent.example.org"}).status_code == 200
        assert client.get("/health", headers={"host": "evil.example"}).status_code == 421


def test_an_api_that_is_gone_shows_as_the_error_of_the_last_cycle(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "agent.key").write_text("iq_x\n")
    config = Config(data_dir=tmp_path, api=ApiConfig(port=closed_port()))
    with TestClient(create_app(config, Metrics(Part.AGENT)), base_url=BASE, client=LOCAL) as client:
        while (health := client.get("/health").json())["loop"]["error"] is None:
            pass
        assert health["status"] == "degraded"
        assert "no answer" in health["loop"]["error"]


def test_it_waits_for_its_key_and_ends_on_sigterm(tmp_path: Path) -> None:
    environment = {
        "INVESTIQ_DATA_DIR": str(tmp_path),
        "INVESTIQ_AGENT_PORT": str(free_port()),
        "PATH": "",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }
    code = "import sys; from investiq.cli import entry_point; sys.argv = ['investiq', 'agent']; entry_point()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        assert any("waiting_for_key" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.communicate()

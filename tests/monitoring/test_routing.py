"""Who hears of which alert, asked of amtool over the rendered file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from investiq.api.routes import heartbeat
from investiq.config import Config, Paths
from investiq.config.schema import NotifyConfig
from investiq.monitoring.alert import Alert
from investiq.monitoring.routing import HEARTBEAT_PATH, HEARTBEAT_TOKEN_FILE, alertmanager_document, receiver_names
from investiq.monitoring.rules import ALERTS
from investiq.monitoring.rules.monitoring import WATCHDOG
from investiq.stack.render import write_runtime
from investiq.telemetry import watchdog

DISCORD = "https://discord.com/api/webhooks/1/token"
PAGERDUTY = "0123456789abcdef0123456789abcdef"


def _config(**notify: str) -> Config:
    return Config(notify=NotifyConfig(**notify))


def _receivers_of(directory: Path, *labels: str) -> list[str]:
    """The receivers that Alertmanager gives an alert with these labels to."""
    file = directory / "alertmanager.yml"
    command = ["amtool", "config", "routes", "test", f"--config.file={file}", *labels]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().split(",")


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a machine with receivers outside."""
    folder = tmp_path_factory.mktemp("outside")
    write_runtime(_config(discord_webhook_url=DISCORD, pagerduty_key=PAGERDUTY), folder)
    return folder


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (("alertname=ServiceDown", "severity=critical"), ["inbox", "critical"]),
        (("alertname=HighLatency", "severity=warning"), ["inbox", "warning"]),
        (("alertname=Watchdog", "severity=none"), ["heartbeat"]),
        (("alertname=InvestIQTest", "severity=critical"), ["inbox"]),
        (("alertname=Foreign",), ["inbox"]),
        (("alertname=ProbeFailing", "severity=critical"), ["inbox", "critical"]),
        (("alertname=FrontendDown", "severity=warning"), ["inbox", "warning"]),
        (("alertname=HostDiskLow", "severity=warning", "subject=host", "service=node"), ["inbox", "warning"]),
        (("alertname=PrometheusNotIngesting", "severity=critical", "service=prometheus"), ["inbox", "critical"]),
    ],
)
def test_with_receivers_outside_each_severity_reaches_its_own(
    outside: Path, labels: tuple[str, ...], receivers: list[str]
) -> None:
    assert _receivers_of(outside, *labels) == receivers


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_every_alert_reaches_the_receivers_of_its_severity(outside: Path, alert: Alert) -> None:
    labels = (f"alertname={alert.name}", f"severity={alert.severity}", f"subject={alert.subject}")
    expected = {"critical": ["inbox", "critical"], "warning": ["inbox", "warning"], "none": ["heartbeat"]}
    assert _receivers_of(outside, *labels) == expected[alert.severity]


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_without_receivers_everything_reaches_the_inbox(tmp_path: Path, severity: str) -> None:
    write_runtime(Config(), tmp_path)
    assert _receivers_of(tmp_path, "alertname=ServiceDown", f"severity={severity}") == ["inbox"]


def test_pagerduty_wakes_for_critical_only() -> None:
    config = _config(pagerduty_key=PAGERDUTY)
    assert receiver_names(config) == ("inbox", "heartbeat", "critical")
    critical = alertmanager_document(config)["receivers"][-1]
    assert critical["pagerduty_configs"][0]["routing_key"] == PAGERDUTY
    assert "service_key" not in critical["pagerduty_configs"][0]


def test_a_webhook_of_the_users_own_gets_both_severities() -> None:
    receivers = {
        r["name"]: r for r in alertmanager_document(_config(webhook_url="https://hook.example/x"))["receivers"]
    }
    for name in ("critical", "warning"):
        assert receivers[name]["webhook_configs"][0]["url"] == "https://hook.example/x"


# ---- the heartbeat ----


def test_the_heartbeat_goes_to_the_api_with_the_token_of_its_own_file(tmp_path: Path) -> None:
    document = alertmanager_document(Config())
    to_api, to_inbox = next(r for r in document["receivers"] if r["name"] == "heartbeat")["webhook_configs"]
    assert to_api["url"] == "http://127.0.0.1:3000/internal/heartbeat"
    assert not to_api["send_resolved"]
    assert to_api["http_config"]["authorization"] == {"type": "Bearer", "credentials_file": "../keys/heartbeat.token"}
    assert to_inbox["url"].endswith(":5001/heartbeat")
    paths = Paths.of(Config(data_dir=tmp_path))
    assert (paths.monitoring / HEARTBEAT_TOKEN_FILE).resolve() == paths.heartbeat_token


def test_the_api_and_the_route_mean_the_same_heartbeat() -> None:
    assert HEARTBEAT_PATH == heartbeat.HEARTBEAT_PATH
    assert WATCHDOG.name == watchdog.WATCHDOG_NAME
    assert watchdog.EVALUATED_AT in WATCHDOG.annotations


def test_a_dead_mans_switch_is_called_beside_the_heartbeat_and_cannot_hold_it_up(tmp_path: Path) -> None:
    config = _config(deadmans_switch_url="https://hc-ping.example/uuid")
    write_runtime(config, tmp_path)
    assert _receivers_of(tmp_path, "alertname=Watchdog", "severity=none") == ["deadmans-switch", "heartbeat"]
    assert _receivers_of(tmp_path, "alertname=ServiceDown", "severity=critical") == ["inbox"]
    assert receiver_names(config) == ("inbox", "heartbeat", "deadmans-switch")
    switch = next(r for r in alertmanager_document(config)["receivers"] if r["name"] == "deadmans-switch")
    assert switch["webhook_configs"] == [{"url": "https://hc-ping.example/uuid", "send_resolved": False}]

"""Who hears of which alert, asked of amtool over the rendered file."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from investiq.foundation.config import Config
from investiq.foundation.config.schema import NotifyConfig
from investiq.foundation.contract.heartbeat import WATCHDOG_LABELS, WATCHDOG_NAME
from investiq.monitoring.alert import Alert
from investiq.monitoring.routing.routes import alertmanager_document
from investiq.monitoring.rules import ALERTS, CONDITIONAL
from investiq.operate.render.files import write_runtime
from investiq.promql import duration
from tests.alertmanager import alertmanager, eventually, posted, receiver

DISCORD = "https://discord.com/api/webhooks/1/token"
PAGERDUTY = "0123456789abcdef0123456789abcdef"


def _config(**notify: str) -> Config:
    return Config(notify=NotifyConfig(**notify))


def _receivers_of(directory: Path, *labels: str) -> list[str]:
    """The receivers that Alertmanager gives an alert with these labels to."""
    file = directory / "alertmanager.yml"
    command = ["amtool", "config", "routes", "test", f"--config.file={file}", *labels]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().split(",")


def _receiver_names(config: Config) -> tuple[str, ...]:
    return tuple(receiver["name"] for receiver in alertmanager_document(config)["receivers"])


WATCHDOG = tuple(f"{name}={value}" for name, value in WATCHDOG_LABELS.items())

CONFIGS = {
    "default": Config(),
    "all": _config(
        discord_webhook_url=DISCORD,
        pagerduty_key=PAGERDUTY,
        webhook_url="https://hook.example/x",
        deadmans_switch_url="https://hc-ping.example/uuid",
    ),
}

RECEIVERS = {
    "default": {"critical": ["inbox"], "warning": ["inbox"], "none": ["heartbeat"]},
    "all": {
        "critical": ["inbox", "critical"],
        "warning": ["inbox", "warning"],
        "none": ["deadmans-switch", "heartbeat"],
    },
}
"""Configuration -> severity -> who must get it."""

EVERY_ALERT = {(alert.name, alert.severity): alert for alert in (*ALERTS, *CONDITIONAL)}.values()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a machine with each of the configurations."""
    made = {name: tmp_path_factory.mktemp(name) for name in CONFIGS}
    for name, folder in made.items():
        write_runtime(CONFIGS[name], folder)
    return made


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
        (WATCHDOG, ["heartbeat"]),
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


@pytest.mark.parametrize("alert", EVERY_ALERT, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_every_alert_reaches_the_receivers_of_its_severity(folders: Mapping[str, Path], alert: Alert) -> None:
    labels = WATCHDOG
    if alert.name != WATCHDOG_NAME:
        labels = (f"alertname={alert.name}", f"severity={alert.severity}", f"subject={alert.subject}")
    for name, table in RECEIVERS.items():
        assert _receivers_of(folders[name], *labels) == table[alert.severity], name


@pytest.mark.parametrize("name", RECEIVERS)
def test_a_severity_that_no_rule_has_reaches_the_inbox(folders: Mapping[str, Path], name: str) -> None:
    assert _receivers_of(folders[name], "alertname=Foreign", "severity=page") == ["inbox"]


@pytest.mark.parametrize("name", RECEIVERS)
def test_every_receiver_of_the_table_is_one_that_the_file_has(folders: Mapping[str, Path], name: str) -> None:
    document = yaml.safe_load((folders[name] / "alertmanager.yml").read_text("utf-8"))
    known = {receiver["name"] for receiver in document["receivers"]}
    assert {receiver for receivers in RECEIVERS[name].values() for receiver in receivers} == known


def test_what_wakes_somebody_is_told_sooner_and_said_again_more_often() -> None:
    """And each fault of it is an incident of its own: what joins one that is open wakes nobody."""
    routes = {route["receiver"]: route for route in alertmanager_document(CONFIGS["all"])["route"]["routes"]}
    critical, warning = routes["critical"], routes["warning"]
    assert "alertname" in critical["group_by"]
    for wait in ("group_wait", "group_interval", "repeat_interval"):
        assert duration.parse(critical[wait]) < duration.parse(warning[wait]), wait
    # A change is told after the interval at the latest, and said again only when the whole of it has been.
    for route in (critical, warning):
        assert duration.parse(route["group_interval"]) < duration.parse(route["repeat_interval"])


def test_pagerduty_wakes_for_critical_only() -> None:
    config = _config(pagerduty_key=PAGERDUTY)
    assert _receiver_names(config) == ("inbox", "heartbeat", "critical")
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


def test_the_heartbeat_goes_to_the_api_with_the_token_of_its_own_file() -> None:
    document = alertmanager_document(Config())
    to_api, to_inbox = next(r for r in document["receivers"] if r["name"] == "heartbeat")["webhook_configs"]
    assert to_api["url"] == "http://127.0.0.1:3000/internal/heartbeat"
    assert not to_api["send_resolved"]
    assert to_api["http_config"]["authorization"] == {"type": "Bearer", "credentials_file": "../keys/heartbeat.token"}
    assert to_inbox["url"].endswith(":5001/heartbeat")


@pytest.mark.parametrize("change", [{"severity": "critical"}, {"instance": "elsewhere"}, {"service": ""}])
def test_what_only_calls_itself_watchdog_is_no_heartbeat(tmp_path: Path, change: dict[str, str]) -> None:
    write_runtime(Config(), tmp_path)
    labels = {name: value for name, value in {**WATCHDOG_LABELS, **change}.items() if value}
    told = _receivers_of(tmp_path, *(f"{name}={value}" for name, value in labels.items()))
    assert told == (["heartbeat"] if "instance" in change else ["inbox"])  # the API refuses that one itself


def test_a_dead_mans_switch_is_called_beside_the_heartbeat_and_cannot_hold_it_up(tmp_path: Path) -> None:
    config = _config(deadmans_switch_url="https://hc-ping.example/uuid")
    write_runtime(config, tmp_path)
    assert _receivers_of(tmp_path, *WATCHDOG) == ["deadmans-switch", "heartbeat"]
    assert _receivers_of(tmp_path, "alertname=ServiceDown", "severity=critical") == ["inbox"]
    assert _receiver_names(config) == ("inbox", "heartbeat", "deadmans-switch")
    switch = next(r for r in alertmanager_document(config)["receivers"] if r["name"] == "deadmans-switch")
    assert switch["webhook_configs"] == [{"url": "https://hc-ping.example/uuid", "send_resolved": False}]


@pytest.mark.e2e
def test_a_heartbeat_that_is_taken_late_does_not_cost_the_next_one(tmp_path: Path) -> None:
    """An API that starts, or is busy, for two seconds: two beats missing in a row would halt trading."""
    document = alertmanager_document(Config())
    (route,) = (dict(route) for route in document["route"]["routes"] if route["receiver"] == "heartbeat")
    with receiver(first_takes=2.0) as api:
        webhook = {"url": api.url, "send_resolved": False}
        small = {
            "route": {"receiver": "heartbeat", "routes": [route]},
            "receivers": [{"name": "heartbeat", "webhook_configs": [webhook]}],
        }
        with alertmanager(small, tmp_path) as running:
            running.post(posted(WATCHDOG_LABELS))
            eventually(lambda: api.messages)
            began = time.monotonic()
            eventually(lambda: len(api.messages) > 1)
            assert time.monotonic() - began < 1.5 * duration.parse(route["group_interval"]).total_seconds()

"""`investiq silence`, `silences`, `unsilence` and `deploy-window`, against a real Alertmanager and its receiver."""

from __future__ import annotations

import getpass
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from investiq.cli import main
from investiq.cli.exit_codes import ExitCode
from investiq.foundation.vocabulary import RestartAlert
from investiq.monitoring.rules import ALERTS
from tests.alertmanager import Alertmanager, Receiver, alert, alertmanager, eventually, receiver
from tests.ports import closed_port

pytestmark = pytest.mark.e2e

ALERT_NAMES = {one.name for one in ALERTS}
RESTARTS = {alert.value for alert in RestartAlert}


@pytest.fixture(scope="module")
def hook() -> Iterator[Receiver]:
    with receiver() as kept:
        yield kept


@pytest.fixture(scope="module")
def watched(hook: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """An Alertmanager that tells each alert by itself, at once."""
    route = {"receiver": "hook", "group_by": ["..."], "group_wait": "50ms", "group_interval": "100ms"}
    document = {"route": route, "receivers": [{"name": "hook", "webhook_configs": [{"url": hook.url}]}]}
    with alertmanager(document, tmp_path_factory.mktemp("alertmanager")) as started:
        yield started


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*argv: str) -> Result:
    out, err = io.StringIO(), io.StringIO()
    return Result(main(argv, io.StringIO(), out, err), out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True)
def here(watched: Alertmanager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("INVESTIQ_MONITORING_ALERTMANAGER_PORT", str(watched.port))
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield
    for silence in run("silences", "--json").json["silences"]:
        run("unsilence", silence["id"])


def test_a_silenced_alert_reaches_nobody_until_it_is_unsilenced(watched: Alertmanager, hook: Receiver) -> None:
    made = run("silence", "HighLatency", "--for", "10m", "--reason", "known", "--match", "service=investiq-api")
    assert made.code == ExitCode.DONE, made.err
    assert "alertname=HighLatency, service=investiq-api" in made.out
    watched.post(alert("HighLatency", service="investiq-api"))
    watched.post(alert("HighLatency", service="frontend"))

    eventually(lambda: {"alertname": "HighLatency", "service": "frontend"} in hook.arrived())
    assert {"alertname": "HighLatency", "service": "investiq-api"} not in hook.arrived()

    (line,) = run("silences").out.splitlines()[1:]
    run("unsilence", line.split()[0])
    eventually(lambda: {"alertname": "HighLatency", "service": "investiq-api"} in hook.arrived())
    assert run("silences").out == "no silences\n"


def test_the_list_says_who_what_until_when_and_why(watched: Alertmanager) -> None:
    watched.post(alert("ModelStale", service="a"), alert("ModelStale", service="b"))
    before = datetime.now(UTC)
    made = run("silence", "ModelStale", "--for", "2h", "--reason", "retrained tonight")
    assert "it mutes 2 firing alerts" in made.out
    assert f"by {getpass.getuser()}" in made.out

    (listed,) = run("silences", "--json").json["silences"]
    assert (listed["by"], listed["reason"], listed["mutes"]) == (getpass.getuser(), "retrained tonight", 2)
    assert listed["matchers"] == ['alertname="ModelStale"']
    until = datetime.fromisoformat(listed["ends_at"]) - before
    assert timedelta(hours=2) <= until < timedelta(hours=2, minutes=1)
    row = run("silences").out.splitlines()[1]
    assert row.startswith(listed["id"][:8])
    assert row.endswith("2  alertname=ModelStale  retrained tonight")


def test_the_same_again_stays_one_silence_that_ends_later(watched: Alertmanager) -> None:
    asked = ("silence", "ModelStale", "--reason", "known", "--match", "service=a", "--json")
    first = run(*asked, "--for", "10m").json
    again = run(*asked, "--for", "1h").json
    other = run("silence", "ModelStale", "--reason", "known", "--for", "1h", "--json").json

    silences = {one["id"]: one for one in run("silences", "--json").json["silences"]}
    assert first["id"] == again["id"] != other["id"]
    assert set(silences) == {first["id"], other["id"]}
    assert silences[first["id"]]["ends_at"] == again["ends_at"] > first["ends_at"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("ServiceDown", "--reason", "x"), "Missing option '--for'"),
        (("ServiceDown", "--for", "5m"), "Missing option '--reason'"),
        (("ServiceDown", "--for", "5m", "--reason", " "), "say why"),
        (("ServiceDown", "--for", "8d", "--reason", "x"), "the longest is 7 days"),
        (("ServiceDown", "--for", "600", "--reason", "x"), "write a number and its unit"),
        (("SrviceDown", "--for", "5m", "--reason", "x"), "did you mean ServiceDown?"),
        (("Watchdog", "--for", "5m", "--reason", "x"), "it is the heartbeat"),
        (("ServiceDown", "--for", "5m", "--reason", "x", "--match", "service"), "service=investiq-api"),
        (("ServiceDown", "--for", "5m", "--reason", "x", "--match", "alertname=A"), "service=investiq-api"),
    ],
)
def test_what_cannot_be_silenced_is_refused_and_silences_nothing(argv: tuple[str, ...], says: str) -> None:
    refused = run("silence", *argv)
    assert refused.code == ExitCode.USAGE
    assert says in refused.err
    assert run("silences").out == "no silences\n"


def test_an_id_that_nobody_has_is_said() -> None:
    refused = run("unsilence", "nosuch")
    assert refused.code == ExitCode.FAILED
    assert "no open silence has an id that begins with nosuch" in refused.err


@pytest.mark.parametrize(
    "argv",
    [
        ("silence", "ServiceDown", "--for", "5m", "--reason", "x"),
        ("silences",),
        ("unsilence", "abc"),
        ("deploy-window", "5m"),
        ("deploy-window", "end"),
    ],
)
def test_without_alertmanager_the_next_step_is_said(argv: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("INVESTIQ_MONITORING_ALERTMANAGER_PORT", str(closed_port()))
        refused = run(*argv)
    assert refused.code == ExitCode.NOT_RUNNING
    assert "`investiq up` starts it" in refused.err


# ---- deploy windows ----


def _of_the_api(*names: str) -> list[dict[str, Any]]:
    return [alert(name, service="investiq-api", window="deploy") for name in sorted(names)]


def _told(hook: Receiver) -> set[str]:
    return {labels["alertname"] for labels in hook.arrived() if labels.get("window") == "deploy"}


def test_a_window_mutes_what_a_restart_fires_and_nothing_else(watched: Alertmanager, hook: Receiver) -> None:
    opened = run("deploy-window", "5m", "--reason", "version 0.2")
    assert opened.code == ExitCode.DONE, opened.err
    assert "restarts of our parts" in opened.out
    assert "end it early: investiq deploy-window end" in opened.out

    watched.post(*_of_the_api(*RESTARTS))
    watched.post(*_of_the_api(*ALERT_NAMES - RESTARTS))
    # What is told was posted last and waits as long: when all of it is there, the rest would be.
    eventually(lambda: _told(hook) >= ALERT_NAMES - RESTARTS)
    assert _told(hook) == ALERT_NAMES - RESTARTS
    watched.post(alert("ServiceDown", service="prometheus", window="deploy"))
    eventually(lambda: "ServiceDown" in _told(hook))
    assert not [one for one in hook.arrived() if one["alertname"] == "ServiceDown" and one["service"] != "prometheus"]

    assert "ended" in run("deploy-window", "end").err
    eventually(lambda: _told(hook) == ALERT_NAMES)


def test_a_window_that_is_opened_again_ends_later_and_stays_one() -> None:
    first = run("deploy-window", "5m", "--json").json
    again = run("deploy-window", "30m", "--reason", "takes longer", "--json").json
    (window,) = run("silences", "--json").json["silences"]
    assert window["deploy_window"]
    assert window["reason"] == "deploy window: takes longer"
    assert window["ends_at"] == again["ends_at"] > first["ends_at"]
    assert window["starts_at"] == first["starts_at"]


@pytest.mark.parametrize("length", ["2h", "0s", "soon"])
def test_a_window_has_a_length_of_an_hour_at_most(length: str) -> None:
    refused = run("deploy-window", length)
    assert refused.code == ExitCode.USAGE, refused.err
    assert run("silences").out == "no silences\n"


def test_ending_without_a_window_is_said() -> None:
    assert run("deploy-window", "end").err == "no deploy window is active\n"

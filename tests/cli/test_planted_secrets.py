"""Secrets in every setting and key file: no command says one, right or wrong, and no file but their own has one.

`make proof-secrets` does the same with the real programs.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import structlog

from investiq.foundation.config import load
from investiq.foundation.config.fields import settings
from investiq.foundation.setting_sources import SHORT_NAMES
from investiq.operate.render.files import write_runtime
from tests.cli.served import Served, serve_api
from tests.cli.test_main import run

SETTINGS = {
    "METRICS_TOKEN": "pLanTed-MetrIcs-5d1c7fe2",
    "PAGERDUTY_KEY": "pLanTedPagErduty9b3f4a2c",
    "DISCORD_WEBHOOK_URL": "http://127.0.0.1:9/pLanTed-DiScord-77aa01",
    "INVESTIQ_NOTIFY_WEBHOOK_URL": "http://pLanTedUser:pLanTed-WebHook-3c@127.0.0.1:9/hook",
    "INVESTIQ_NOTIFY_DEADMANS_SWITCH_URL": "http://127.0.0.1:9/pLanTed-DeadMan-e1d2",
    "ALPACA_API_KEY": "pLanTedAlpacaKeyId41",
    "ALPACA_SECRET_KEY": "pLanTed-AlpacaSecret-8812",
    "GRAFANA_ADMIN_PASSWORD": "pLanTed-Grafana-aa55aa",
    "INVESTIQ_TRACING_TOKEN": "pLanTed-TracingToken-4410",
}
WRONG = "iq_" + "pLanTedWrongKey".ljust(43, "w")
MARK = "pLanTed"
COMMANDS = (
    ("config", "show"),
    ("status",),
    ("doctor", "--json"),
    ("secrets", "list"),
    ("keys", "list"),
    ("keys", "sessions"),
    ("audit", "--verify"),
    ("positions",),
    ("halt", "--reason", "a test"),
    ("trade", "show", "nothing"),
    ("inbox",),
    ("validate", "--wait", "0"),
    ("silence", "HighLatency", "--for", "5m", "--reason", "a test"),
    ("secrets", "rotate", "heartbeat-token"),
    ("support-bundle", "bundle.tar.gz"),
    ("nonsense",),
)
FAULTS = (
    {"INVESTIQ_CLIENT_KEY": WRONG},
    {"INVESTIQ_CLIENT_KEY": f"{MARK} of two words"},
    {"DATABASE_URL": f"postgresql://investiq:{MARK}-Database@127.0.0.1:1/investiq"},
    {"DATABASE_URL": f"postgresql://investiq:{MARK}-Database@127.0.0.1:x/investiq"},
    {"METRICS_TOKEN": f"{MARK}\a"},
    {"METRICS_TOKEN": MARK},
    {"INVESTIQ_NOTIFY_WEBHOOK_URL": f"{MARK}://nowhere"},
)


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    keys = tmp_path / "data" / "keys"
    keys.mkdir(parents=True)
    for name in ("admin", "agent", "console"):
        (keys / f"{name}.key").write_text("iq_" + f"{MARK}{name}".ljust(43, "k") + "\n")
    for name in ("heartbeat.token", "inbox.token", "prometheus.password", "node.password", "alertmanager.password"):
        (keys / name).write_text(f"{MARK}{name.replace('.', '-')}".ljust(43, "t") + "\n")
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    monkeypatch.chdir(tmp_path)
    with serve_api(tmp_path / "data") as served:
        for name, value in {**served.environment, **SETTINGS}.items():
            monkeypatch.setenv(name, value)
        write_runtime(load().config, served.data / "monitoring")
        (served.data / "logs").mkdir()
        (served.data / "logs" / "alertmanager.log").write_text(f"no answer from {SETTINGS['DISCORD_WEBHOOK_URL']}\n")
        yield served


def test_every_secret_setting_is_planted() -> None:
    long_names = {settings()[key].variable: short for short, key in SHORT_NAMES.items()}
    known = {setting.variable for setting in settings().values() if setting.secret}
    planted = {*SETTINGS, *(name for fault in FAULTS for name in fault)}
    assert {long_names.get(name, name) for name in known} <= planted


def test_no_command_says_a_planted_secret_and_no_other_file_has_one(
    api: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = f"http://127.0.0.1:{api.port}"
    for key in ((api.data / "keys" / "admin.key").read_text().strip(), WRONG):
        httpx2.post(f"{base}/api/sessions", json={"key": key})
        for path in ("/api/account", f"/api/trades/{key}", "/metrics"):
            httpx2.get(f"{base}{path}", headers={"Authorization": f"Bearer {key}"})
    said = {" ".join(argv): run(*argv) for argv in COMMANDS}
    for fault in FAULTS:
        with monkeypatch.context() as wrong:
            for name, value in fault.items():
                wrong.setenv(name, value)
            said |= {f"{argv} with {fault}": run(*argv) for argv in (("config", "show"), ("keys", "list"), ("halt",))}
    places = {what: result.out + result.err for what, result in said.items()}
    places |= {str(file): file.read_bytes().decode("latin-1") for file in _files(api.data)}
    with tarfile.open(tmp_path / "bundle.tar.gz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None
            places[f"bundle {member.name}"] = content.read().decode()
    assert len(places) > 40
    assert [place for place, text in places.items() if MARK in text] == []


def _files(data: Path) -> list[Path]:
    """All but what is there to hold them, and the line that another program has logged."""
    hold = {"metrics_token", "alertmanager.yml", "alertmanager.log"}
    return [file for file in data.rglob("*") if file.is_file() and not {file.parent.name, file.name} & {"keys", *hold}]

"""A secret in every place that takes one; then the product does what it does, and nothing that it writes has one."""

from __future__ import annotations

import json
import signal
import tarfile
from collections.abc import Iterator

import httpx2
import psutil
import pytest

from investiq.foundation.config import Config, Paths
from investiq.foundation.config.load import secret_variables
from investiq.foundation.setting_sources import SHORT_NAMES
from investiq.operate.supervise.parts import stack_table
from tests.e2e.conftest import NewStack
from tests.e2e.stack import Done, Stack, awaited

pytestmark = pytest.mark.e2e

SETTINGS = {
    "METRICS_TOKEN": "pLanTed-MetrIcs-5d1c7fe2",
    "PAGERDUTY_KEY": "pLanTedPagErdutyPagErduty9b3f4a2c",
    "DISCORD_WEBHOOK_URL": "http://127.0.0.1:9/pLanTed-DiScord-77aa01",
    "INVESTIQ_NOTIFY_WEBHOOK_URL": "http://pLanTedUser:pLanTed-WebHook-3c@127.0.0.1:9/hook",
    "INVESTIQ_NOTIFY_DEADMANS_SWITCH_URL": "http://127.0.0.1:9/pLanTed-DeadMan-e1d2",
    "ALPACA_API_KEY": "pLanTedAlpacaKeyId41",
    "ALPACA_SECRET_KEY": "pLanTed-AlpacaSecret-8812",
    "GRAFANA_ADMIN_PASSWORD": "pLanTed-Grafana-aa55aa",
}
WRONG = "iq_" + "pLanTedWrongKey".ljust(43, "w")
TYPED_ELSEWHERE = {"INVESTIQ_CLIENT_KEY": WRONG}
DATABASE = {"DATABASE_URL": "postgresql://investiq:pLanTed-Database-61@127.0.0.1:1/investiq"}

HOLD_THEM = ("keys", "monitoring/metrics_token", "monitoring/alertmanager.yml")
"""Below data_dir, what is there to hold them, and is private: keys, and what the programs read."""


def _plant_key_files(paths: Paths) -> dict[str, str]:
    paths.keys.mkdir(mode=0o700, parents=True)
    planted = {}
    for file in (paths.admin_key, paths.agent_key, paths.console_key):
        planted[file.name] = "iq_" + f"pLanTed{file.stem}".ljust(43, "k")
    tokens = [paths.heartbeat_token, paths.inbox_token, paths.metrics_token]
    for file in (*tokens, *(paths.password(name) for name in ("prometheus", "alertmanager", "blackbox", "node"))):
        planted[file.name] = f"pLanTed{file.stem}{file.suffix[1:]}".ljust(43, "t")
    for name, secret in planted.items():
        (paths.keys / name).write_text(secret + "\n")
        (paths.keys / name).chmod(0o600)
    return planted


def _through_its_paces(stack: Stack, planted: dict[str, str]) -> list[Done]:
    """Everything that may say something: commands, requests right and wrong, errors, a crash, a rotation, a bundle."""
    api, done = stack.url("api", ""), []
    right, wrong = ({"Authorization": f"Bearer {key}"} for key in (planted["admin.key"], WRONG))
    for headers in (right, wrong):
        for path in ("/api/account", "/api/nothing-here", f"/api/trades/{headers['Authorization'][7:]}", "/metrics"):
            httpx2.get(f"{api}{path}", headers=headers)
        httpx2.post(f"{api}/api/trades", headers=headers, content=b"{not json")
        httpx2.post(f"{api}/api/trading/halt", headers=headers, json={"reason": "a test"})
        httpx2.post(f"{api}/api/trading/resume", headers=headers, json={"reason": "its end"})
        httpx2.post(f"{api}/internal/heartbeat", headers=headers, json={})
        httpx2.get(stack.url("inbox", "/api/notifications"), headers=headers)
    for secret in (planted["admin.key"], WRONG):
        httpx2.post(f"{api}/api/sessions", json={"key": secret})
        httpx2.post(stack.url("web", "/login"), json={"key": secret}, headers={"Origin": stack.url("web", "")})
    for name in ("prometheus", "alertmanager", "node", "blackbox"):
        httpx2.get(stack.url(name, "/metrics"), auth=("investiq", WRONG))
    stack.part("agent")
    psutil.Process(stack.part("signals")["pid"]).send_signal(signal.SIGABRT)
    for command in (
        ("config", "show"),
        ("config", "show", "--json"),
        ("status",),
        ("doctor",),
        ("validate", "--wait", "0"),
        ("secrets", "list"),
        ("keys", "list"),
        ("keys", "sessions"),
        ("audit",),
        ("trade", "list"),
        ("inbox",),
        ("slo", "status"),
        ("open", "prometheus", "--no-browser"),
        ("silence", "HighLatency", "--for", "5m", "--reason", "a test"),
        ("secrets", "rotate", "heartbeat-token"),
        ("support-bundle", "bundle.tar.gz"),
        ("down", "signals"),
        ("nonsense",),
    ):
        done.append(stack.investiq(*command, seconds=240))
    for variables in (TYPED_ELSEWHERE, DATABASE, {"METRICS_TOKEN": "pLanTed not one word"}, {"ALPACA_API_KEY": ""}):
        stack.environment |= variables
        done += [stack.investiq(*command) for command in (("positions",), ("keys", "list"), ("config", "show"))]
        stack.environment = {**{k: v for k, v in stack.environment.items() if k not in variables}, **SETTINGS}
    return done


def _not_its_own(process: psutil.Process) -> frozenset[str]:
    """The variables with secrets that a process has no use for."""
    command = tuple(process.cmdline())
    ours = (part for part in stack_table(Config(), installed={}).parts if command[: len(part.argv)] == part.argv)
    reads = next((part.secrets for part in ours), frozenset[str]())
    return secret_variables() - secret_variables(reads)


def _places(stack: Stack, done: list[Done]) -> Iterator[tuple[str, bytes]]:
    """What the product wrote, place by place."""
    for file in sorted(stack.data.rglob("*")):
        name = str(file.relative_to(stack.data))
        if file.is_file() and not name.startswith(HOLD_THEM):
            yield name, file.read_bytes()
    for number, command in enumerate(done):
        yield f"stdout {number}", command.out.encode()
        yield f"stderr {number}", command.err.encode()
    with tarfile.open(stack.folder / "bundle.tar.gz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None
            yield f"bundle {member.name}", content.read()
    supervisor, *parts = stack.processes()
    for process in (supervisor, *parts):
        yield f"command line of {process.pid}", "\0".join(process.cmdline()).encode()
        told = process.environ()
        if process != supervisor:
            others = {name: told[name] for name in _not_its_own(process) & set(told)}
            yield f"environment of {process.pid}", json.dumps(others).encode()


def test_nothing_that_is_written_has_a_planted_secret(new_stack: NewStack) -> None:
    assert set(SHORT_NAMES) - {"DATABASE_URL"} <= set(SETTINGS)
    stack = new_stack(**SETTINGS)
    planted = _plant_key_files(Paths.of(Config(data_dir=stack.data)))
    started = stack.up()
    awaited("agent", 60, lambda: stack.part("agent")["state"] == "healthy")
    done = [started, *_through_its_paces(stack, planted)]
    secrets = {**SETTINGS, **planted, "wrong": WRONG, "password in a URL": "pLanTed-WebHook-3c"}
    searched, hits = 0, []
    for place, content in _places(stack, done):
        searched += 1
        hits += [f"{name} in {place}" for name, secret in secrets.items() if secret.encode() in content]
        hits += [f"something planted in {place}"] if b"pLanTed-Database" in content else []
    print(json.dumps({"places": searched, "secrets": len(secrets), "hits": len(hits)}))  # noqa: T201  what the proof shows
    assert hits == []
    assert searched > 100

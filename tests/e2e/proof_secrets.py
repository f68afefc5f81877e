"""Secrets are replaced while everything runs and is asked without a pause: nobody is refused, no heartbeat is lost."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from investiq.clients.session import HttpCredentials
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.contract.console import CONSOLE_HEADER
from investiq.foundation.contract.heartbeat import EVALUATED_AT, WATCHDOG_LABELS
from tests.e2e.stack import Stack, awaited

pytestmark = pytest.mark.e2e

OVERLAP = "4s"
PROGRAMS = ("prometheus", "alertmanager", "blackbox", "node")


class _Load:
    """Asks everything again and again, each with what its file holds at that moment, as the parts do."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._paths = Paths.of(Config(data_dir=stack.data))
        self._over = threading.Event()
        self.asked: Counter[str] = Counter()
        self.refused: list[str] = []

    @contextmanager
    def running(self) -> Iterator[_Load]:
        threads = [threading.Thread(target=self._ask, args=(name, ask)) for name, ask in self._questions().items()]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _ask(self, name: str, ask: Callable[[httpx2.Client], httpx2.Response]) -> None:
        with httpx2.Client(timeout=20, trust_env=False) as client:
            while not self._over.is_set():
                try:
                    answer = ask(client)
                except httpx2.HTTPError as error:
                    self.refused.append(f"{name}: {error!r}")
                    continue
                self.asked[name] += 1
                if answer.status_code >= 400:
                    self.refused.append(f"{name}: {answer.status_code} {answer.text[:200]}")
                time.sleep(0.02)

    def _questions(self) -> dict[str, Callable[[httpx2.Client], httpx2.Response]]:
        paths, api = self._paths, self._stack.url("api", "")
        session = httpx2.post(f"{api}/api/sessions", json={"key": paths.admin_key.read_text().strip()}).json()["secret"]
        asks: dict[str, Callable[[httpx2.Client], httpx2.Response]] = {
            "admin-key": lambda client: client.get(
                f"{api}/api/audit", headers=_bearer(paths.console_key.with_name("admin.key"))
            ),
            "agent-key": lambda client: client.get(f"{api}/api/account", headers=_bearer(paths.agent_key)),
            "console-key": lambda client: client.get(f"{api}/api/account", headers=_bearer(paths.console_key)),
            "heartbeat-token": lambda client: client.post(
                f"{api}/internal/heartbeat", json=_heartbeat(), headers=_bearer(paths.heartbeat_token)
            ),
            "inbox-token": lambda client: client.get(
                self._stack.url("inbox", "/api/notifications"), headers=_bearer(paths.inbox_token)
            ),
            "console-token": lambda client: client.get(
                f"{api}/api/account", headers={CONSOLE_HEADER: paths.console_token.read_text().strip()}
            ),
            "metrics-token": lambda client: client.get(f"{api}/metrics", headers=_bearer(paths.metrics_token)),
            "sessions": lambda client: client.get(
                f"{api}/api/sessions/current", headers={"Authorization": f"Bearer {session}"}
            ),
        }
        return asks | {f"{name}-password": self._program(name) for name in PROGRAMS}

    def _program(self, name: str) -> Callable[[httpx2.Client], httpx2.Response]:
        process = next(one for one in topology.PROCESSES if one.name == name)
        credentials = HttpCredentials.of(process, Config(data_dir=self._stack.data))
        url = self._stack.url(name, process.health[0])
        return lambda client: client.get(url, headers={"Authorization": credentials.own_authorization() or ""})


def _bearer(file: Path) -> dict[str, str]:
    return {"Authorization": f"Bearer {file.read_text('ascii').strip()}"}


def _heartbeat() -> dict[str, object]:
    now = datetime.now(UTC)
    alert = {
        "status": "firing",
        "labels": dict(WATCHDOG_LABELS),
        "annotations": {EVALUATED_AT: f"{now.timestamp():.3f}"},
        "startsAt": now.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "f",
    }
    return {"version": "4", "receiver": "r", "status": "firing", "groupKey": "g", "alerts": [alert]}


def _refused(stack: Stack, old: dict[str, str]) -> set[str]:
    """The secrets of `old` that open nothing any more."""
    api = stack.url("api", "")
    places = {
        "admin-key": f"{api}/api/account",
        "agent-key": f"{api}/api/account",
        "console-key": f"{api}/api/account",
        "inbox-token": stack.url("inbox", "/api/notifications"),
        "metrics-token": f"{api}/metrics",
    }
    bearer = {name: httpx2.get(url, headers={"Authorization": f"Bearer {old[name]}"}) for name, url in places.items()}
    headers = {"Authorization": f"Bearer {old['heartbeat-token']}"}
    bearer["heartbeat-token"] = httpx2.post(f"{api}/internal/heartbeat", json=_heartbeat(), headers=headers)
    for name in PROGRAMS:
        auth = (topology.PROGRAM_USER, old[f"{name}-password"])
        bearer[f"{name}-password"] = httpx2.get(stack.url(name, "/metrics"), auth=auth)
    return {name for name, answer in bearer.items() if answer.status_code == 401}


def test_each_secret_is_rotated_under_load_and_nobody_is_refused(stack: Stack) -> None:
    assert stack.investiq("secrets", "rotate", "metrics-token").code == 0
    listed = {one["name"]: one for one in stack.investiq("secrets", "list", "--json").json["secrets"]}
    names = [name for name, one in listed.items() if one["rotates"]]
    old = {
        name: Path(listed[name]["source"]).read_text().strip()
        for name in names
        if name not in ("sessions", "console-token")
    }
    began = time.time()
    with _Load(stack).running() as load:
        for name in names:
            done = stack.investiq(
                "secrets", "rotate", name, "--overlap", "10m" if name == "sessions" else OVERLAP, seconds=120
            )
            assert done.code == 0, done.err
        awaited("end of every overlap", 60, lambda: _refused(stack, old) == set(old))
    print(json.dumps({"asked": load.asked, "failed": len(load.refused)}))  # noqa: T201  what the proof shows
    assert load.refused == [], Counter(load.refused).most_common(8)
    assert set(load.asked) == set(names)
    _heartbeat_was_never_lost(stack, time.time() - began)


def _heartbeat_was_never_lost(stack: Stack, seconds: float) -> None:
    window = f"{int(seconds) + 1}s"
    for query in (
        f"min(min_over_time(up[{window}])) == 0",
        f"max(max_over_time(investiq_trading_halted[{window}])) == 1",
        f"sum(increase(alertmanager_notifications_failed_total[{window}])) > 0",
        f"sum(increase(prometheus_notifications_errors_total[{window}])) > 0",
    ):
        assert stack.get("prometheus", "/api/v1/query", {"query": query})["data"]["result"] == [], query

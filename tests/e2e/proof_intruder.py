"""`make proof-intruder`: another user of this machine attacks a stack, and trading is halted by its owner meanwhile.

About two minutes, and only root can become another user, so `make test` leaves it out. Each door has its own test
there: test_monitoring_access.py here, tests/serve, tests/clients/session. What the intruder saw is printed.
"""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

import httpx2
import pytest

from investiq.cli.exit_codes import ExitCode
from tests.e2e import intruder
from tests.e2e.conftest import NewStack
from tests.e2e.stack import Stack, awaited

pytestmark = pytest.mark.e2e

SERVERS = ("api", "signals", "web", "agent", "inbox")
HALT_SECONDS = 1.0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_changes_nothing_and_holds_nobody_up(
    new_stack: NewStack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = new_stack(INVESTIQ_AGENT_ENABLED="true")
    stack.up("--no-restart", "prometheus")

    def saw(attack: str, what: object) -> None:
        with capsys.disabled():
            print(f"\n{attack}: {what}")  # noqa: T201  what this is for

    with intruder.intruders(4) as pool:
        _try_the_doors(stack, pool, saw)
        _take_ports(stack, pool, saw)
        _wear_it_out(stack, pool, saw)


def _try_the_doors(stack: Stack, pool: ProcessPoolExecutor, saw: Any) -> None:
    assert stack.investiq("halt", "--reason", "the intruder is to resume").code == ExitCode.DONE
    listed = pool.submit(intruder.list_folder, stack.data).result()
    saw("looks into the data folder", listed)
    assert listed == "PermissionError"

    forged = pool.submit(intruder.forge_heartbeat, stack.ports).result()
    saw("forges a heartbeat", forged)
    assert set(forged.values()) == {401}

    silenced = pool.submit(intruder.silence_everything, stack.ports).result()
    saw("silences everything", silenced)
    assert (silenced, stack.get("alertmanager", "/api/v2/silences")) == (401, [])

    pressed = pool.submit(intruder.press_resume, stack.ports).result()
    saw("presses Resume in the console", pressed)
    assert _trading(stack)["halted"]


def _take_ports(stack: Stack, pool: ProcessPoolExecutor, saw: Any) -> None:
    """The API restarts by itself, Prometheus does not."""
    listening = pool.submit(intruder.bind, stack.ports["api"], 5)
    os.kill(stack.part("api")["pid"], signal.SIGKILL)
    while_down = pool.submit(intruder.bind, stack.ports["api"], 5).result()
    saw("takes the API's port while it is up, and while it is down", (listening.result(), while_down))
    assert while_down[1] == []
    awaited("API", 60, lambda: stack.part("api")["state"] == "healthy")

    os.kill(stack.part("prometheus")["pid"], signal.SIGKILL)
    awaited("end of Prometheus", 10, lambda: stack.part("prometheus")["pid"] is None)
    taking = pool.submit(intruder.bind, stack.ports["prometheus"], 15)
    time.sleep(1)  # until it listens, if it may: it tells nobody
    asked = stack.investiq("ask", "prometheus", "/api/v1/query?query=up")
    outcome, heard = taking.result()
    saw("takes the port of a dead Prometheus", outcome)
    saw("is sent there", heard)
    saw("our own question", (asked.code, asked.err.strip()))
    assert not any(b"authorization" in request.lower() for request in heard)
    assert stack.investiq("up", "prometheus").code == ExitCode.DONE


def _wear_it_out(stack: Stack, pool: ProcessPoolExecutor, saw: Any) -> None:
    key = (stack.data / "keys" / "admin.key").read_text("utf-8").strip()
    with httpx2.Client(
        base_url=stack.url("api", ""), headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False
    ) as owner:
        owner.post("/api/trading/resume", json={"reason": "the proof goes on"})
        attacks: dict[str, Future[Any]] = {
            "floods with 6,000 requests": pool.submit(intruder.flood, stack.ports, 6_000),
            "sends a header of 100 MiB to each server": pool.submit(intruder.bomb_headers, stack.ports, SERVERS),
            "opens 350 slow connections": pool.submit(intruder.half_open, stack.ports, 350, 20),
        }
        seconds = []
        while not all(attack.done() for attack in attacks.values()):
            started = time.monotonic()
            owner.post("/api/trading/halt", json={"reason": "attacked"}).raise_for_status()
            seconds.append(time.monotonic() - started)
            assert owner.get("/api/trading/status").raise_for_status().json()["halted"]
            time.sleep(0.5)
    for attack, outcome in attacks.items():
        saw(attack, outcome.result())
    saw(f"{len(seconds)} halts by the admin key meanwhile", f"the slowest after {max(seconds):.3f} s")
    assert max(seconds) < HALT_SECONDS
    assert all("took" not in bomb for bomb in attacks["sends a header of 100 MiB to each server"].result().values())
    assert _trading(stack)["monitoring"]["heartbeat"] == "fresh"


def _trading(stack: Stack) -> dict[str, Any]:
    status: dict[str, Any] = stack.get("api", "/api/trading/status")
    return status

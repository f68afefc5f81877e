"""`investiq up`, `status` and `down` with the real programs."""

from __future__ import annotations

import os
import signal
import socket
from functools import partial
from typing import Any

import httpx2
import psutil
import pytest

from investiq.cli.exit_codes import ExitCode
from tests.e2e.conftest import NewStack
from tests.e2e.stack import Stack, awaited

pytestmark = pytest.mark.e2e

# The scrape jobs of the design without grafana, which Debian does not have.
JOBS = {"investiq-api", "signal-models", "frontend", "prometheus", "alertmanager", "blackbox", "node", "agent"}


def test_every_part_is_healthy_and_every_scrape_job_is_up(stack: Stack) -> None:
    parts = {part["name"]: part["state"] for part in stack.status()["parts"]}
    assert parts.pop("model") == "done"
    parts.pop("grafana", None)
    assert set(parts.values()) == {"healthy"}, parts
    assert set(parts) == set(stack.ports)

    targets = stack.targets()
    assert set(targets) >= JOBS
    assert set().union(*targets.values()) == {"up"}, targets


def test_a_second_up_is_harmless(stack: Stack) -> None:
    before = [process.pid for process in stack.processes()]
    again = stack.up()
    assert "already running" in again.err
    assert stack.url("web") in again.out
    assert [process.pid for process in stack.processes()] == before


def test_a_second_stack_on_the_same_ports_starts_nothing_and_names_them_all(stack: Stack, new_stack: NewStack) -> None:
    other = new_stack()
    other.environment |= {k: v for k, v in stack.environment.items() if k.endswith("_PORT")}
    done = other.investiq("up", "--detach")
    assert done.code == ExitCode.FAILED
    for part, port in stack.ports.items():
        assert f"port {port} ({part}) is taken by" in done.err
    assert not other.data.exists()


def test_nothing_listens_but_on_loopback(stack: Stack) -> None:
    listening = [
        connection.laddr
        for process in stack.processes()
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.port for address in listening} == set(stack.ports.values())
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}


def test_the_error_budgets_are_recorded_and_shown(stack: Stack) -> None:
    counted = {"api-availability", "analysis-latency", "signal-availability", "market-data-freshness"}

    def shown() -> dict[str, dict[str, Any]]:
        found = {slo["name"]: slo for slo in stack.investiq("slo", "--json").json["slos"]}
        return found if all(found[name]["budget_left"] is not None for name in counted) else {}

    slos = awaited("samples of every SLO that the start has used", 120, shown)
    # Its events are orders, of which there may be none yet.
    assert set(slos) == counted | {"order-acknowledgement"}
    freshness = slos["market-data-freshness"]
    assert (freshness["budget_left"], freshness["burn_rates"]["1h"], freshness["state"]) == (1, 0, "good")
    assert 0.9 < slos["api-availability"]["current"] <= 1
    recorded = stack.get("prometheus", "/api/v1/query?query=slo:error_budget:remaining")["data"]["result"]
    assert {series["metric"]["slo"] for series in recorded} >= counted
    assert "api-availability" in stack.investiq("slo").out


def test_a_start_tells_each_part_once_and_works_again_after_down_and_after_a_kill(new_stack: NewStack) -> None:
    stack = new_stack()
    first = stack.up()
    for part in (*stack.ports, "model"):
        assert sum(line.split()[:2] == ["ready", part] for line in first.err.splitlines()) == 1, first.err
    words = [line.split()[0] for line in first.err.splitlines() if line.split()]
    assert words[-2:] == ["watched", "analysed"]
    assert "a test alert reached the inbox" in first.err
    assert "coverage 0.7" in first.err

    running = stack.processes()
    stack.down()
    assert not psutil.wait_procs(running, timeout=5)[1], "down has waited until all is gone"
    assert stack.investiq("status").code == ExitCode.NOT_RUNNING
    assert (stack.data / "ledger.db").exists(), "down keeps the data"

    second = stack.up()
    assert set().union(*stack.targets().values()) == {"up"}
    print(f"\nsecond start: {second.seconds:.1f} s")  # noqa: T201  `pytest -s` shows it; no assertion on time

    running = stack.processes()
    assert len(running) >= 10
    os.kill(running[0].pid, signal.SIGKILL)
    _, left = psutil.wait_procs(running[1:], timeout=5)
    assert not left, "a supervisor that is killed leaves nothing"
    assert stack.investiq("status").code == ExitCode.NOT_RUNNING
    stack.up()


def test_a_crashed_part_comes_back_by_itself(edged: Stack) -> None:
    for part, path in (("api", "/api/market"), ("web", "/")):
        before = edged.part(part)
        os.kill(before["pid"], signal.SIGKILL)
        answer = httpx2.get(edged.url(part, path), timeout=60, trust_env=False)
        assert answer.status_code == 200, "who asks meanwhile waits for the restart, and is not refused"
        awaited(f"restart of {part}", 60, partial(_has_restarted, edged, before))


def _has_restarted(stack: Stack, before: dict[str, Any]) -> bool:
    told = stack.part(before["name"])
    return bool(told["restarts"] == before["restarts"] + 1 and told["state"] == "healthy")


def test_the_port_of_a_part_that_is_held_stays_ours(edged: Stack) -> None:
    for part in ("api", "alertmanager", "blackbox", "node"):
        assert edged.investiq("down", part).code == ExitCode.DONE
        assert edged.part(part)["state"] == "held"
        with pytest.raises((httpx2.NetworkError, httpx2.RemoteProtocolError)):  # which of them is a matter of moments
            httpx2.get(edged.url(part), timeout=60, trust_env=False)
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="Address already in use"):
                other.bind(("127.0.0.1", edged.ports[part]))
    said = edged.investiq("doctor", "ports").out
    assert "it was stopped with `investiq down api`" in said
    assert "is held by" not in said
    assert edged.investiq("up", "api", "alertmanager", "blackbox", "node").code == ExitCode.DONE


def test_a_start_that_fails_ends_with_cause_fix_and_log_and_leaves_nothing(new_stack: NewStack) -> None:
    stack = new_stack()
    stack.data.mkdir()
    (stack.data / "ledger.db").write_bytes(b"this is no database" * 100)
    done = stack.investiq("up", "--detach", seconds=120)
    assert done.code == ExitCode.FAILED
    cause, fix, log = done.err.splitlines()[-3:]
    assert cause.startswith("cause: api cannot start")
    assert fix.startswith("fix: ")
    assert log.split() == ["log:", str(stack.data / "logs" / "api.log")]
    assert stack.investiq("status").code == ExitCode.NOT_RUNNING
    for port in stack.ports.values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0

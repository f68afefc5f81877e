"""`investiq load` with the real stack and the real Locust, and `investiq capacity` beside it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from investiq.cli.exit_codes import ExitCode
from tests.e2e.stack import Stack, awaited

pytestmark = pytest.mark.e2e

# How fast a busy machine is, is no matter here.
PATIENT = ("--max-p99", "60000", "--min-rate", "0")
OPEN = ("pending_new", "accepted", "partially_filled")


def _load(stack: Stack, *arguments: str) -> dict[str, Any]:
    done = stack.investiq("load", *arguments, *PATIENT, "--json", seconds=120)
    assert done.code == ExitCode.DONE, f"{done.out}\n{done.err}"
    document: dict[str, Any] = done.json
    return document


def _open_orders_of_the_admin(stack: Stack) -> list[str]:
    orders = stack.get("api", "/api/trades?limit=500")["orders"]
    return [order["id"] for order in orders if order["status"] in OPEN and order["created_by"] == "local admin"]


def test_a_load_is_measured_from_both_sides_and_leaves_no_order_open(stack: Stack) -> None:
    report = _load(stack, "mixed", "--users", "4", "--pace", "5", "--duration", "4s")

    assert report["failed"] == 0, report["errors"]
    assert report["requests"] > 20
    seen = report["prometheus"]
    assert "missing" not in seen, seen
    assert seen["requests"]["prometheus"] >= seen["requests"]["client"] == report["requests"]
    assert all(row["prometheus"] >= row["client"] > 0 for row in seen["endpoints"]), seen["endpoints"]
    assert report["orders"]["placed"] > 0
    assert report["orders"]["unknown"] == []
    assert _open_orders_of_the_admin(stack) == []

    last = stack.investiq("load", "--last", "--json").json["runs"][0]
    assert last["run"] == report["run"]
    assert last["passed"]


def test_the_console_is_asked_what_a_browser_asks(stack: Stack) -> None:
    report = _load(stack, "console", "--users", "2", "--pace", "3", "--duration", "4s")
    assert report["failed"] == 0, report["errors"]
    asked = {row["endpoint"] for row in report["prometheus"]["endpoints"]}
    assert asked >= {"/_dash-layout", "/_dash-dependencies", "/_dash-update-component"}
    assert report["prometheus"]["requests"]["prometheus"] >= report["prometheus"]["requests"]["client"]


def test_ctrl_c_ends_a_run_early_and_still_reports(stack: Stack) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "investiq", "load", "trading", "--users", "3", "--duration", "10m", "--json"],
        env=stack.environment,
        cwd=stack.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    journals = stack.data / "load"
    awaited("order of the run", 60, lambda: any('"id"' in one.read_text() for one in journals.glob("*.orders")))
    (child,) = [one for one in _children(run.pid) if "operate.load.child" in one]
    assert "iq_" not in child, "a key stands in the process list"
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=90)

    assert run.returncode == ExitCode.INTERRUPTED, err
    report = json.loads(out)
    assert report["interrupted"]
    assert not report["passed"]
    assert report["orders"]["placed"] > 0
    assert _open_orders_of_the_admin(stack) == []
    assert list(journals.glob("*.orders")) == []


def test_capacity_is_told_of_the_running_prometheus(stack: Stack) -> None:
    found = stack.investiq("capacity", "--json").json
    assert found["prometheus"]["series"] > 1000
    assert sum(found["prometheus"]["jobs"].values()) <= found["prometheus"]["series"]
    assert found["sample"]["is_estimate"], "no block of two hours is there yet"
    assert found["stores"]["ledger"]["bytes"] > 0
    assert "estimated" in stack.investiq("capacity").out


def _children(pid: int) -> list[str]:
    """The command lines of all that a process started."""
    import psutil

    return [" ".join(one.cmdline()) for one in psutil.Process(pid).children(recursive=True)]


def test_locusts_page_opens_for_its_link_alone(stack: Stack, tmp_path: Path) -> None:
    import httpx2

    log = tmp_path / "said"
    with log.open("w") as said:
        run = subprocess.Popen(
            [sys.executable, "-m", "investiq", "load", "health", "--users", "1", "--duration", "10m", "--page"],
            env=stack.environment,
            cwd=stack.folder,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            link = awaited("link", 30, lambda: [line for line in log.read_text().splitlines() if line[:6] == "page: "])
            address = httpx2.URL(link[0].removeprefix("page: "))
            base = str(address.copy_with(query=None))
            with httpx2.Client(trust_env=False, timeout=10) as stranger:
                awaited("page", 60, lambda: _status(stranger, base))
                assert stranger.get(base).status_code == 403
                assert stranger.post(f"{base}swarm", data={"user_count": "9", "host": "http://x"}).status_code == 403
                assert stranger.get(str(address)).status_code == 302
                assert stranger.get(base).status_code == 200, "the link gave a cookie"
        finally:
            run.send_signal(signal.SIGINT)
            assert run.wait(90) == ExitCode.INTERRUPTED


def _status(client: Any, url: str) -> int:
    import httpx2

    try:
        return int(client.get(url).status_code)
    except httpx2.TransportError:
        return 0

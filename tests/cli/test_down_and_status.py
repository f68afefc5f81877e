"""`investiq down`, `investiq status` and `investiq up PART`, against a supervisor in another process."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from investiq.cli.exit_codes import ExitCode
from investiq.operate.supervise import stack_status
from investiq.operate.supervise.parts import MissingProgram, StackTable
from tests.cli.test_main import run
from tests.operate.supervise.conftest import Fakes, fakes
from tests.ports import free_port

__all__ = ["fakes"]  # a fixture


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("INVESTIQ_API_PORT", str(free_port()))  # not the desk of another stack


@pytest.fixture
def table(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> StackTable:
    """Two parts, and what the commands take for the parts of the product."""
    api = fakes.part("api")
    table = StackTable(
        (api, fakes.part("web", needs=("api",))), (MissingProgram("grafana", "dashboards", "get it", optional=True),)
    )
    monkeypatch.setattr(stack_status, "stack_table", lambda _: table)
    return table


@pytest.fixture
def supervisor(fakes: Fakes, table: StackTable) -> Iterator[subprocess.Popen[bytes]]:
    parts = [f"{part.name}:{part.port}" for part in table.parts]
    command = [sys.executable, "-m", "tests.operate.supervise.fake_supervisor", str(fakes.folder), *parts]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + 30
    while json.loads(run("status", "--json").out)["phase"] != "running":
        assert time.monotonic() < deadline, "the fake parts never came up"
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def test_down_stops_everything_in_order_and_waits_for_it(fakes: Fakes, supervisor: subprocess.Popen[bytes]) -> None:
    result = run("down")
    assert result.code == ExitCode.DONE
    assert supervisor.wait(5) == 0, "it has ended, or is about to"
    assert not fakes.processes()
    lines = [line.split() for line in result.err.splitlines()]
    assert lines.index(["stopped", "web"]) < lines.index(["stopped", "api"])
    assert "data is kept" in result.err
    assert "ready" not in result.err, "what was there before is not news"


@pytest.mark.usefixtures("supervisor")
def test_one_part_can_be_stopped_and_started_again(fakes: Fakes) -> None:
    assert run("down", "api").code == ExitCode.DONE
    status = run("status", "--json")
    assert status.code == ExitCode.FINDINGS
    assert [(part["name"], part["state"]) for part in json.loads(status.out)["parts"]][:2] == [
        ("api", "held"),
        ("web", "healthy"),
    ]
    up = run("up", "api")
    assert (up.code, "api is ready" in up.err) == (ExitCode.DONE, True)
    assert run("status").code == ExitCode.DONE


@pytest.mark.usefixtures("supervisor")
def test_a_part_that_does_not_exist_is_wrong_usage() -> None:
    for command in ("up", "down"):
        result = run(command, "apy")
        assert (result.code, "no part is called 'apy'; there are api, web" in result.err) == (ExitCode.USAGE, True)


@pytest.mark.usefixtures("table")
def test_down_without_anything_to_stop_is_done() -> None:
    result = run("down", "--json")
    assert result.code == ExitCode.DONE
    assert json.loads(result.out) == {"schema": "investiq.down/1", "stopped": []}
    assert "nothing to stop" in result.err


@pytest.mark.usefixtures("table")
def test_down_of_a_part_needs_a_running_stack() -> None:
    assert run("down", "api").code == ExitCode.NOT_RUNNING


@pytest.mark.usefixtures("table")
def test_status_of_nothing_says_how_to_start() -> None:
    result = run("status")
    assert result.code == ExitCode.NOT_RUNNING
    assert "`investiq up` starts it" in result.err
    assert "stopped" in result.out


def test_status_tells_memory_and_restarts(supervisor: subprocess.Popen[bytes]) -> None:
    result = run("status", "--json")
    document = json.loads(result.out)
    assert result.code == ExitCode.DONE, "a missing optional part is no finding"
    assert document["schema"] == "investiq.status/1"
    assert (document["running"], document["well"], document["phase"]) == (True, True, "running")
    assert document["supervisor_pid"] == supervisor.pid
    api = document["parts"][0]
    assert api["memory_bytes"] > 1_000_000
    assert api["restarts"] == 0


@pytest.mark.usefixtures("supervisor")
def test_status_asks_the_parts_themselves(fakes: Fakes) -> None:
    (fakes.folder / "api.sick").touch()
    result = run("status")
    assert result.code == ExitCode.FINDINGS
    assert "unhealthy" in result.out
    assert "answers 503" in result.out


def test_status_sees_parts_that_somebody_else_started(fakes: Fakes, table: StackTable) -> None:
    processes = [subprocess.Popen(part.argv) for part in table.parts]
    try:
        deadline = time.monotonic() + 20
        while (result := run("status", "--json")).code != ExitCode.DONE:
            assert time.monotonic() < deadline, result
            time.sleep(0.05)
        assert json.loads(result.out)["supervisor_pid"] is None
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_missing_watcher_is_a_finding(
    fakes: Fakes, supervisor: subprocess.Popen[bytes], table: StackTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    blackbox = MissingProgram("blackbox", "probes", "apt-get install it", optional=False)
    monkeypatch.setattr(stack_status, "stack_table", lambda _: StackTable(table.parts, (blackbox,)))
    result = run("status")
    assert result.code == ExitCode.FINDINGS
    assert "apt-get install it" in result.out

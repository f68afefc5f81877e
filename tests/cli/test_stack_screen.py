"""What is shown while parts come and go."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from investiq.cli import stack_screen
from investiq.cli.context import CommandContext
from investiq.cli.stack_screen import StackScreen
from investiq.operate.supervise.status import Failure, PartStatus, Phase, ProcessState, StackSnapshot

API = PartStatus("api", "analysis and trading", ProcessState.WAITING, 3000, "http://127.0.0.1:3000/")


def snapshot(*parts: PartStatus, phase: Phase = Phase.STARTING) -> StackSnapshot:
    return StackSnapshot(phase, 1, "2026-01-01T00:00:00+00:00", parts)


async def shown(*snapshots: StackSnapshot, tell_first: bool = True) -> list[str]:
    async def stream() -> AsyncIterator[StackSnapshot]:
        for one in snapshots:
            yield one

    screen = io.StringIO()
    await StackScreen(CommandContext(stderr=screen), tell_first=tell_first).follow(stream())
    return screen.getvalue().splitlines()


async def test_a_part_gets_one_line_when_it_is_ready_with_its_time_and_what_it_is() -> None:
    starting = replace(API, state=ProcessState.STARTING)
    healthy = replace(API, state=ProcessState.HEALTHY, ready_seconds=1.24)
    lines = await shown(snapshot(API), snapshot(starting), snapshot(healthy), snapshot(healthy, phase=Phase.RUNNING))
    assert [line.split() for line in lines] == [
        ["ready", "api", "1.2", "s", "analysis", "and", "trading", "http://127.0.0.1:3000/"]
    ]


async def test_a_crash_and_a_missing_program_are_told_with_their_notes() -> None:
    crash = replace(API, state=ProcessState.RESTARTING, note="ended with exit code 1; again in 1 s")
    missing = PartStatus("grafana", "dashboards", ProcessState.MISSING, optional=True, note="get it there")
    lines = await shown(snapshot(crash, missing))
    assert [line.split(maxsplit=2) for line in lines] == [
        ["restarting", "api", "ended with exit code 1; again in 1 s"],
        ["missing", "grafana", "get it there"],
    ]


async def test_a_part_that_never_ran_is_not_said_to_have_stopped() -> None:
    assert await shown(snapshot(API), snapshot(replace(API, state=ProcessState.STOPPED), phase=Phase.STOPPING)) == []


async def test_whoever_comes_to_stop_a_stack_is_not_told_that_it_is_there() -> None:
    healthy = replace(API, state=ProcessState.HEALTHY)
    states = (healthy, replace(API, state=ProcessState.STOPPING), replace(API, state=ProcessState.STOPPED))
    lines = await shown(*(snapshot(state, phase=Phase.STOPPING) for state in states), tell_first=False)
    assert [line.split() for line in lines] == [["stopped", "api"]]


async def test_progress_of_a_long_step_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_screen, "_PROGRESS_SECONDS", 0.0)
    step = PartStatus("model", "trained when there is none", ProcessState.STARTING, note="fold 3 of 8")
    assert [line.split(maxsplit=2) for line in await shown(snapshot(step))] == [["…", "model", "fold 3 of 8"]]


def test_a_failure_shows_the_log_readably_and_ends_with_cause_fix_and_log() -> None:
    screen = io.StringIO()
    record = '{"event": "part_ended", "level": "warning", "timestamp": "2026-01-01T00:00:00Z"}'
    StackScreen(CommandContext(stderr=screen)).report(
        Failure("api", "it broke", "mend it", "/logs/api.log", (record, "Traceback: x"))
    )
    assert screen.getvalue().splitlines() == [
        "",
        "The last lines of api:",
        "  warning part_ended",
        "  Traceback: x",
        "",
        "cause: it broke",
        "fix:   mend it",
        "log:   /logs/api.log",
    ]

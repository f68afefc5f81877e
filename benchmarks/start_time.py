"""How long a person waits for the command line and for a stack that was there before, and what it takes at rest.

    python -m benchmarks.start_time [--rounds 9] [--quick] [--json]

The commands are new processes, as typed, in rounds that take turns with Python itself (`python -c pass`). The stack
starts twice in a folder of its own; the first start trains the model, the second is timed. A minute after it, its
memory is the PSS of each process, its share of what several have mapped, and its processor time that of 30 seconds, as
a share of one core. With --quick, a rest of ten seconds.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping

import psutil

from benchmarks.rows import Report, Rounds, Row, main, note
from benchmarks.stack import Stack, Started, installed

COMMAND = "python -m benchmarks.start_time"
HELP, STATUS, BARE = "investiq --help", "investiq status", "python -c pass"
COMMANDS = {
    BARE: ["-c", "pass"],
    HELP: ["-m", "investiq", "--help"],
    STATUS: ["-m", "investiq", "status"],
}
GOALS = {HELP: 150.0, STATUS: 400.0}
REST_SECONDS, CPU_SECONDS = 60.0, 30.0
WARM = "what is not in the page cache yet"


def measure(rounds: Rounds) -> Report:
    with installed() as stack:
        note(f"{rounds.name}: the first start, which trains")
        with stack.started():
            pass
        note(f"{rounds.name}: the second start")
        with stack.started() as started:
            note(f"{rounds.name}: at rest")
            at_rest = _at_rest(stack, 10.0 if rounds.quick else REST_SECONDS)
            found = _commands(stack, rounds)
    return Report([*_command_rows(found), *_start_rows(started), *_rest_rows(at_rest)])


def _commands(stack: Stack, rounds: Rounds) -> dict[str, list[float]]:
    """Wall milliseconds of each command in each round, while the stack runs."""
    for arguments in COMMANDS.values():
        _milliseconds(stack, arguments)  # fills caches
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in rounds:
        for name, arguments in COMMANDS.items():
            times[name].append(_milliseconds(stack, arguments))
    return times


def _milliseconds(stack: Stack, arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], capture_output=True, check=True, env=dict(stack.environment), cwd=stack.folder
    )
    return (time.perf_counter() - started) * 1e3


def _at_rest(stack: Stack, seconds: float) -> dict[str, tuple[float, float]]:
    """Megabytes and per cent of a core of each process, when nobody has asked anything for so long."""
    processes = stack.processes()
    time.sleep(seconds)
    before = {name: _cpu_seconds(process) for name, process in processes.items()}
    time.sleep(CPU_SECONDS)
    return {
        name: (process.memory_full_info().pss / 1e6, (_cpu_seconds(process) - before[name]) / CPU_SECONDS * 100)
        for name, process in processes.items()
    }


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _command_rows(found: Mapping[str, list[float]]) -> list[Row]:
    return [
        Row(
            name=f"{name}: until it has answered",
            unit="ms",
            ours=found[name],
            peer_name="python -c pass",
            peer=found[BARE],
            goal=goal,
            goal_of="ours",
            not_compared=f"the peer does nothing; {WARM}",
            command=COMMAND,
        )
        for name, goal in GOALS.items()
    ]


def _start_rows(started: Started) -> list[Row]:
    return [
        _alone("second `investiq up`: until every part is green", "s", started.green, 8.0, WARM),
        _alone(
            "second `investiq up`: until it is proven",
            "s",
            started.proven,
            None,
            f"{WARM}; Prometheus takes five to ten seconds from its start to its first scrapes",
        ),
    ]


def _rest_rows(at_rest: Mapping[str, tuple[float, float]]) -> list[Row]:
    shares = {name: f"{megabytes:.0f} MB, {cpu:.1f} %" for name, (megabytes, cpu) in at_rest.items()}
    told = "requests; a browser; " + ", ".join(f"{name} {share}" for name, share in shares.items())
    return [
        _alone("the whole stack at rest: memory (PSS)", "MB", sum(one for one, _ in at_rest.values()), 650.0, told),
        _alone("the whole stack at rest: of one core", "%", sum(cpu for _, cpu in at_rest.values()), 5.0, told),
    ]


def _alone(name: str, unit: str, figure: float, goal: float | None, not_compared: str) -> Row:
    return Row(
        name=name,
        unit=unit,
        ours=[figure],
        goal=goal,
        goal_of="ours",
        not_compared=not_compared,
        command=COMMAND,
    )


if __name__ == "__main__":
    main("start_time", __doc__, measure, rounds=9, quick=3)

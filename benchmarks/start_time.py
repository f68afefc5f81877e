"""How long a person waits for the command line, and what a started stack takes: time until all is green, memory, CPU.

    python benchmarks/start_time.py [--rounds 9] [--stack] [--rest 60] [--json]

The commands are new processes, as typed, in rounds that take turns with Python itself (`python -c pass`): wall and CPU
milliseconds, medians. `--stack` starts a whole stack on a data folder of its own, stops it, and times the second start:
the first trains the model. After `--rest` seconds without a request, the memory of each process is its PSS, its share
of what is mapped by several, since the servers share Python and libraries; RSS stands beside it. CPU is that of the
whole stack over the next 30 seconds, as a share of one core.

Not compared: what stands in the page cache already. Everything was read once before the first round.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import psutil

from investiq.foundation.config import Config

GOALS = {"investiq --help": 150.0, "investiq status": 400.0}
MEMORY_GOAL, CPU_GOAL, UP_GOAL = 650.0, 5.0, 8.0
CPU_SECONDS = 30.0

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import click": ["-c", "import click"],
    "investiq --help": ["-m", "investiq", "--help"],
    "investiq status": ["-m", "investiq", "status"],
}


def _environment(folder: str) -> dict[str, str]:
    """Of a user: compiled files are kept, settings are the defaults but for the folder of the data."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("INVESTIQ_")}
    plain.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**plain, **_free_ports(), "INVESTIQ_DATA_DIR": folder, "NO_COLOR": "1"}


def _free_ports() -> dict[str, str]:
    """Ports of its own for each part, so that a stack that runs already is left alone."""
    with ExitStack() as held:
        taken = {key: held.enter_context(socket.create_server(("127.0.0.1", 0))) for key in Config().ports()}
        return {f"INVESTIQ_{key.upper().replace('.', '_')}": str(one.getsockname()[1]) for key, one in taken.items()}


def _milliseconds(arguments: list[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Wall and CPU time of one process."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        check=False,
        env=environment,
        cwd=environment["INVESTIQ_DATA_DIR"],
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1e3, cpu * 1e3


def commands(rounds: int, environment: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Medians of each command."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, arguments in COMMANDS.items():
            measured = _milliseconds(arguments, environment)
            if number:  # the first fills caches
                times[name].append(measured)
    return {
        name: {"wall_ms": statistics.median(w for w, _ in both), "cpu_ms": statistics.median(c for _, c in both)}
        for name, both in times.items()
    }


def _investiq(environment: Mapping[str, str], *arguments: str) -> float:
    """Run one command of the stack, and say how many seconds it took."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "investiq", "--no-input", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=environment["INVESTIQ_DATA_DIR"],
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return time.perf_counter() - started


def _processes(environment: Mapping[str, str]) -> dict[str, psutil.Process]:
    """The processes of the running stack by name, the supervisor among them."""
    shown = subprocess.run(
        [sys.executable, "-m", "investiq", "status", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=environment["INVESTIQ_DATA_DIR"],
    )
    document = json.loads(shown.stdout)
    pids = {part["name"]: part["pid"] for part in document["parts"] if part["pid"]}
    return {name: psutil.Process(pid) for name, pid in {**pids, "supervisor": document["supervisor_pid"]}.items()}


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def stack(environment: Mapping[str, str], rest: float) -> dict[str, Any]:
    """Start, stop, start again; then what the stack takes at rest."""
    first = _investiq(environment, "up", "--detach")
    try:
        _investiq(environment, "down")
        second = _investiq(environment, "up", "--detach")
        processes = _processes(environment)
        time.sleep(rest)
        before = {name: _cpu_seconds(process) for name, process in processes.items()}
        time.sleep(CPU_SECONDS)
        parts = {}
        for name, process in processes.items():
            memory = process.memory_full_info()
            cpu = (_cpu_seconds(process) - before[name]) / CPU_SECONDS * 100
            parts[name] = {"pss_mb": memory.pss / 1e6, "rss_mb": memory.rss / 1e6, "cpu_percent": cpu}
    finally:
        _investiq(environment, "down")
    return {"first_up_seconds": first, "second_up_seconds": second, "parts": parts}


def _show_stack(result: Mapping[str, Any]) -> None:
    print(f"first up {result['first_up_seconds']:6.1f} s, with training")
    print(f"second up {result['second_up_seconds']:5.1f} s, goal {UP_GOAL:g} s")
    print(f"{'process':<14} {'PSS MB':>7} {'RSS MB':>7} {'CPU %':>6}")
    parts: Mapping[str, Mapping[str, float]] = result["parts"]
    for name, part in parts.items():
        print(f"{name:<14} {part['pss_mb']:7.1f} {part['rss_mb']:7.1f} {part['cpu_percent']:6.2f}")
    total = {key: sum(part[key] for part in parts.values()) for key in ("pss_mb", "rss_mb", "cpu_percent")}
    print(f"{'all':<14} {total['pss_mb']:7.1f} {total['rss_mb']:7.1f} {total['cpu_percent']:6.2f}")
    print(f"goals: {MEMORY_GOAL:g} MB, {CPU_GOAL:g} % of a core")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--stack", action="store_true", help="start a whole stack as well")
    parser.add_argument("--rest", type=float, default=60.0, help="seconds before memory and CPU are read")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(folder)
        result: dict[str, Any] = {"commands": commands(options.rounds, environment)}
        if options.stack:
            result["stack"] = stack(environment, options.rest)
    if options.json:
        print(json.dumps(result))
        return
    bare = result["commands"]["python -c pass"]["cpu_ms"]
    for name, one in result["commands"].items():
        goal = f", goal {GOALS[name]:g} ms" if name in GOALS else ""
        ratio = one["cpu_ms"] / bare
        print(f"{name:<16} {one['wall_ms']:7.0f} ms, {one['cpu_ms']:5.0f} of CPU = {ratio:4.1f} x bare{goal}")
    if options.stack:
        _show_stack(result["stack"])


if __name__ == "__main__":
    main()

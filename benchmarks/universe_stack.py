"""A whole stack on a folder of 1,000 symbols of ten years: starts, memory, an analysis, and how late the event loop is.

    python -m benchmarks.universe_stack [--rounds 5] [--quick] [--json]

The folder is made (benchmarks/universe.py), 130 MB of CSV. The first start reads it and trains the model. After the
second, ten clients analyse for 20 seconds, each another symbol each time.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.rows import Report, Rounds, Row, main, note
from benchmarks.stack import Stack, installed

COMMAND = "python -m benchmarks.universe_stack"
SYMBOLS, CLIENTS, LOAD_SECONDS = 1_000, 10, 20.0
LAG = "investiq_event_loop_lag_seconds"
START = "2012-01-03"
PAGE = 100


def measure(rounds: Rounds) -> Report:
    with TemporaryDirectory() as prices:
        note(f"{rounds.name}: making {SYMBOLS:,} symbols")
        command = [sys.executable, "-m", "benchmarks.universe", prices, "--symbols", str(SYMBOLS)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1])
        settings = {"market_provider": "files", "market_folder": prices, "market_start": START}
        unlimited = {"api_requests_per_minute": "1000000"}
        with installed(**settings, **unlimited) as stack:
            return Report(_measured(stack, rounds))


def _measured(stack: Stack, rounds: Rounds) -> list[Row]:
    note(f"{rounds.name}: the first start, which reads the prices and trains")
    with stack.started() as first:
        pass
    note(f"{rounds.name}: the second start")
    with stack.started() as second:
        memory = stack.processes()["api"].memory_full_info().pss / 1e6
        with httpx2.Client(base_url=stack.url("api.port"), timeout=30.0) as client:
            names = [one["symbol"] for one in client.get("/api/symbols").json()["symbols"]]
            pages = [_milliseconds(client, f"/api/symbols?limit={PAGE}") for _ in rounds]
            fresh = [_milliseconds(client, f"/api/analyze/{name}") for name in names[: 20 * rounds.count : 20]]
            before = _lag(client)
            asyncio.run(_load(stack.url("api.port"), names[1:]))
            late = _percentile(before, _lag(client), 0.99)
    return [
        _row("1,000 symbols: first `investiq up`, until every part is green", "s", [first.green], 45.0),
        _row("1,000 symbols: second `investiq up`, until every part is green", "s", [second.green], 12.0),
        _row("1,000 symbols: the API's memory (PSS)", "MB", [memory], 450.0),
        _row(f"1,000 symbols: a page of {PAGE} of them", "ms", pages, 50.0),
        _row("1,000 symbols: an analysis that nobody asked for before", "ms", fresh, 8.0),
        _row(f"1,000 symbols: event loop lag, p99, {CLIENTS} clients analyse (at most)", "ms", [late * 1e3], 50.0),
    ]


def _milliseconds(client: httpx2.Client, path: str) -> float:
    started = time.perf_counter()
    assert client.get(path).status_code == httpx2.codes.OK
    return (time.perf_counter() - started) * 1e3


async def _load(url: str, names: list[str]) -> None:
    """Ten clients, each symbol once before the first one's turn comes again."""
    turns, end = count(), time.monotonic() + LOAD_SECONDS
    async with httpx2.AsyncClient(base_url=url, timeout=30.0) as client:

        async def analyse() -> None:
            while time.monotonic() < end:
                await client.get(f"/api/analyze/{names[next(turns) % len(names)]}")

        await asyncio.gather(*(analyse() for _ in range(CLIENTS)))


def _lag(client: httpx2.Client) -> dict[float, float]:
    """Upper bound of each bucket of the event loop's lag -> how many were below."""
    families = text_string_to_metric_families(client.get("/metrics", headers={"Accept": "text/plain"}).text)
    samples = [one for family in families if family.name == LAG for one in family.samples]
    return {float(one.labels["le"]): one.value for one in samples if one.name.endswith("_bucket")}


def _percentile(before: dict[float, float], after: dict[float, float], share: float) -> float:
    """The upper bound of the bucket that it lies in."""
    grown = {bound: after[bound] - before[bound] for bound in sorted(after)}
    return next(bound for bound, below in grown.items() if below >= share * grown[float("inf")])


def _row(name: str, unit: str, figures: list[float], goal: float) -> Row:
    told = "no peer; the clients share the cores with the stack; the page cache holds the prices already"
    return Row(name=name, unit=unit, ours=figures, goal=goal, goal_of="ours", not_compared=told, command=COMMAND)


if __name__ == "__main__":
    main("universe_stack", __doc__, measure, rounds=5, quick=3)

"""Growth: how long something takes, and what memory it needs at most, over four sizes of what is kept."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.rows import Curve, Rounds, Row, exponent

__all__ = ["BOUNDED", "LINEAR", "Operation", "grow", "measure_growth", "sizes"]

BOUNDED, LINEAR = 0.15, 1.1
"""Goals of an exponent: what looks at a page or the latest does not grow; what reads everything doubles with it."""

_SLOW = 1.0
_MANY = 5


def sizes(quick: bool) -> tuple[int, ...]:
    return (1_000, 3_000, 10_000, 30_000) if quick else (1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that is done at every size.

    Attributes:
        run: does it once.
        prepare: what must be there before each time; not measured.
    """

    name: str
    goal: float
    run: Callable[[], Awaitable[object]]
    prepare: Callable[[], object] = lambda: None


async def measure_growth(
    operations: Mapping[int, Sequence[Operation]], of: str, command: str, rounds: Rounds
) -> tuple[list[Row], list[Curve]]:
    """A row with the exponent of each operation, and its curves of time and of memory.

    Args:
        operations: by size, the same ones at each.
        of: what there are so many of.
    """
    names = {operation.name: operation.goal for operation in next(iter(operations.values()))}
    times: dict[str, list[list[float]]] = {name: [] for name in names}
    for _ in rounds:
        this_round: dict[str, list[float]] = {name: [] for name in names}
        for at_size in operations.values():
            for operation in at_size:
                this_round[operation.name].append(await _milliseconds(operation))
        for name, found in this_round.items():
            times[name].append(found)
    peaks: dict[str, list[float]] = {name: [] for name in names}
    for at_size in operations.values():
        for operation in at_size:
            peaks[operation.name].append(await _peak_kibibytes(operation))
    counts = list(operations)
    rows = [grow(name, goal, counts, times[name], of=of, command=command) for name, goal in names.items()]
    curves = []
    for name in names:
        medians = [statistics.median(column) for column in zip(*times[name], strict=True)]
        curves.append(Curve(name=f"{name}: time", unit="ms", of=of, sizes=counts, values=medians))
        curves.append(Curve(name=f"{name}: peak memory", unit="KiB", of=of, sizes=counts, values=peaks[name]))
    return rows, curves


def grow(
    name: str, goal: float, counts: Sequence[int], rounds: Sequence[Sequence[float]], *, of: str, command: str
) -> Row:
    """The row with the exponent of each round."""
    return Row(
        name=f"growth of {name}",
        unit="",
        ours=[exponent(counts, found) for found in rounds],
        goal=goal,
        goal_of="ours",
        not_compared=f"an exponent over {counts[0]:,} to {counts[-1]:,} {of}: no peer; waiting for a disk",
        command=command,
    )


async def _milliseconds(operation: Operation) -> float:
    """Processor time; the median of some, or one alone where it is slow."""
    found: list[float] = []
    while len(found) < _MANY and sum(found) < _SLOW * 1e3:
        operation.prepare()
        gc.collect()
        started = time.process_time()
        await operation.run()
        found.append((time.process_time() - started) * 1e3)
    return statistics.median(found)


async def _peak_kibibytes(operation: Operation) -> float:
    """What Python allocated at most beyond what there was before."""
    operation.prepare()
    gc.collect()
    tracemalloc.start()
    try:
        await operation.run()
        await asyncio.sleep(0)
        return tracemalloc.get_traced_memory()[1] / 1024
    finally:
        tracemalloc.stop()

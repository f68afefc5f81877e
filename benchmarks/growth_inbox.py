"""How the inbox grows with the notifications it keeps: 1,000 to 1,000,000, made, straight into its file.

    python -m benchmarks.growth_inbox [--rounds 7] [--quick] [--json]

Read: the latest hundred; those of one alert; those of a status that few have; those of the last minute. Written: one
notification more, while the oldest is dropped, and one that is there already. With --quick, up to 30,000 notifications.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.growth import BOUNDED, Operation, measure_growth, sizes
from benchmarks.made_inbox import fill_inbox, inbox_operations
from benchmarks.rows import Report, Rounds, main, note
from investiq.serve.inbox.store import NotificationStore

COMMAND = "python -m benchmarks.growth_inbox"


def _doing(work: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        work()

    return run


def measure(rounds: Rounds) -> Report:
    with ExitStack() as folders:
        at_size = {}
        for size in sizes(rounds.quick):
            note(f"growth_inbox: making {size:,} notifications")
            path = Path(folders.enter_context(TemporaryDirectory())) / "inbox.db"
            NotificationStore(path, size).close()
            last = fill_inbox(path, size)
            store = NotificationStore(path, size)
            folders.callback(store.close)
            works = inbox_operations(store, last, size)
            at_size[size] = [Operation(name, BOUNDED, _doing(work)) for name, work in works.items()]
        return Report(*asyncio.run(measure_growth(at_size, "notifications", COMMAND, rounds)))


if __name__ == "__main__":
    main("growth_inbox", __doc__, measure, rounds=7, quick=3)

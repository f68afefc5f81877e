"""How the inbox grows with the notifications it keeps: 1,000 to 1,000,000, made, straight into its file.

    python -m benchmarks.growth_inbox [--rounds 7] [--quick] [--json]

Read: the latest hundred; those of one alert; those of a status that few have; those of the last minute. Written: one
notification more, while the oldest is dropped. With --quick, up to 30,000 notifications.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.growth import BOUNDED, Operation, measure_growth, sizes
from benchmarks.rows import Report, Rounds, main, note
from investiq.foundation.vocabulary import AlertStatus
from investiq.serve.inbox.store import NotificationStore, Received

COMMAND = "python -m benchmarks.growth_inbox"
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_ALERTS = tuple(f"Alert{number}" for number in range(40))
_RESOLVED = 5
"""The oldest so many; all others fire."""
_INSERT = (
    "INSERT INTO notifications (received_at, status, receiver, group_key, alertname, severity, labels, annotations, "
    "starts_at, fingerprint, generator_url, last_received_at) VALUES (?, ?, 'inbox', '{}', ?, 'warning', ?, ?, ?, ?, "
    "'', ?)"
)


def fill_inbox(path: Path, count: int) -> datetime:
    """Add so many notifications to an empty file, one a second; returns when the last one came."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executemany(_INSERT, _notifications(count))
    connection.close()
    return _BEGIN + timedelta(seconds=count)


def _notifications(count: int) -> Iterator[tuple[str, ...]]:
    chance = random.Random(count)  # noqa: S311 - the same ones each time
    for number in range(1, count + 1):
        at = (_BEGIN + timedelta(seconds=number)).isoformat(timespec="microseconds")
        name = chance.choice(_ALERTS)
        labels = f'{{"alertname": "{name}", "severity": "warning", "instance": "127.0.0.1:3000"}}'
        status = "resolved" if number <= _RESOLVED else "firing"
        yield at, status, name, labels, '{"summary": "made for a benchmark"}', at, f"{number:016x}", at


def operations(store: NotificationStore, last: datetime, size: int) -> list[Operation]:
    sent = iter(range(size, 2 * size))

    def add() -> None:
        store.add([_received(next(sent), last)], last)

    return [
        Operation("a page of the inbox", BOUNDED, _doing(lambda: store.latest(100))),
        Operation("a page of one alert", BOUNDED, _doing(lambda: store.latest(20, alertname=_ALERTS[0]))),
        Operation("a page of a rare status", BOUNDED, _doing(lambda: store.latest(100, status=AlertStatus.RESOLVED))),
        Operation(
            "the notifications of the last minute",
            BOUNDED,
            _doing(lambda: store.latest(100, since=last - timedelta(minutes=1))),
        ),
        Operation("keeping a notification", BOUNDED, _doing(add)),
    ]


def _doing(work: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        work()

    return run


def _received(number: int, at: datetime) -> Received:
    return Received(
        status=AlertStatus.FIRING,
        receiver="inbox",
        group_key="{}",
        labels={"alertname": _ALERTS[number % len(_ALERTS)], "severity": "warning"},
        annotations={"summary": "made for a benchmark"},
        starts_at=at,
        ends_at=None,
        fingerprint=f"new{number:013x}",
        generator_url="",
    )


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
            at_size[size] = operations(store, last, size)
        return Report(*asyncio.run(measure_growth(at_size, "notifications", COMMAND, rounds)))


if __name__ == "__main__":
    main("growth_inbox", __doc__, measure, rounds=7, quick=3)

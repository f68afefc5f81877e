"""Fills an inbox with made notifications: the same ones for the same size, straight into its file."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from investiq.foundation.vocabulary import AlertStatus
from investiq.serve.inbox.store import NotificationStore, Received

__all__ = ["fill_inbox", "inbox_operations"]

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


def inbox_operations(store: NotificationStore, last: datetime, size: int) -> Mapping[str, Callable[[], object]]:
    """What an inbox does, by its name."""
    sent = iter(range(size, 2 * size))
    return {
        "a page of the inbox": lambda: store.latest(100),
        "a page of one alert": lambda: store.latest(5, alertname=_ALERTS[0]),
        "a page of a rare status": lambda: store.latest(100, status=AlertStatus.RESOLVED),
        "the notifications of the last minute": lambda: store.latest(100, since=last - timedelta(minutes=1)),
        "keeping a notification": lambda: store.add([_received(next(sent), last)], last),
        "hearing of a notification again": lambda: store.add([_received(size, last)], last),
    }


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

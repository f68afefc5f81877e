"""The work of the inbox does not grow with what it keeps: counted in steps of SQLite, which no clock disturbs."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from benchmarks.made_inbox import fill_inbox, inbox_operations
from investiq.serve.inbox.store import NotificationStore

FEW, MANY = 400, 4_000


def _steps(path: Path, size: int, name: str) -> int:
    NotificationStore(path, size).close()
    last = fill_inbox(path, size)
    store = NotificationStore(path, size)
    work = inbox_operations(store, last, size)[name]
    work()  # a first time, for what is prepared once
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    connection: sqlite3.Connection = store._connection
    connection.set_progress_handler(step, 1)
    work()
    connection.set_progress_handler(None, 0)
    store.close()
    return steps


@pytest.mark.parametrize(
    "name",
    [
        "a page of the inbox",
        "a page of one alert",
        "a page of a rare status",
        "the notifications of the last minute",
        "keeping a notification",
    ],
)
def test_ten_times_the_notifications_are_no_more_work(tmp_path: Path, name: str) -> None:
    assert _steps(tmp_path / "many.db", MANY, name) < 1.5 * _steps(tmp_path / "few.db", FEW, name)


def test_an_inbox_of_an_earlier_version_goes_on_and_drops_its_oldest(tmp_path: Path) -> None:
    """Its file knows no count of its rows, and an index that is not used any more."""
    path = tmp_path / "inbox.db"
    NotificationStore(path, 10).close()
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "DROP TRIGGER kept_more; DROP TRIGGER kept_less; DROP TABLE kept; DROP INDEX notifications_received;"
            "CREATE INDEX notifications_alertname ON notifications (alertname, id);"
        )
    last = fill_inbox(path, 12)
    store = NotificationStore(path, 10)
    inbox_operations(store, last, 12)["keeping a notification"]()
    assert [found.id for found in store.latest(100)] == [13, 12, 11, 10, 9, 8, 7, 6, 5, 4]
    store.close()


def test_a_repeat_costs_no_older_notification_its_place(tmp_path: Path) -> None:
    """A repeat makes no row, although SQLite takes an id for it."""
    path = tmp_path / "inbox.db"
    NotificationStore(path, 10).close()
    last = fill_inbox(path, 9)
    store = NotificationStore(path, 10)
    operations = inbox_operations(store, last, 9)
    operations["keeping a notification"]()
    for _ in range(5):
        operations["hearing of a notification again"]()
    assert len(store.latest(100)) == 10
    store.close()

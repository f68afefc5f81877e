"""Keeps notifications in SQLite: durable before Alertmanager is told so, and bounded."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import AlertStatus

__all__ = ["InboxUnavailable", "Notification", "NotificationStore", "Received"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    status TEXT NOT NULL,
    receiver TEXT NOT NULL,
    group_key TEXT NOT NULL,
    alertname TEXT NOT NULL,
    severity TEXT NOT NULL,
    labels TEXT NOT NULL,
    annotations TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    ends_at TEXT,
    fingerprint TEXT NOT NULL,
    generator_url TEXT NOT NULL,
    repeats INTEGER NOT NULL DEFAULT 0,
    last_received_at TEXT NOT NULL,
    UNIQUE (fingerprint, starts_at, status)
);
DROP INDEX IF EXISTS notifications_alertname;
CREATE INDEX IF NOT EXISTS notifications_received ON notifications (received_at);
CREATE INDEX IF NOT EXISTS notifications_alertname_received ON notifications (alertname, received_at);
CREATE INDEX IF NOT EXISTS notifications_status_received ON notifications (status, received_at);

CREATE TABLE IF NOT EXISTS kept (rows INTEGER NOT NULL);
INSERT INTO kept SELECT count(*) FROM notifications WHERE NOT EXISTS (SELECT * FROM kept);
CREATE TRIGGER IF NOT EXISTS kept_more AFTER INSERT ON notifications BEGIN UPDATE kept SET rows = rows + 1; END;
CREATE TRIGGER IF NOT EXISTS kept_less AFTER DELETE ON notifications BEGIN UPDATE kept SET rows = rows - 1; END;
"""
# Counted as they come and go: ids have gaps, since a repeat takes one too, and counting all of them reads all of them.

# A repeat is the same alert, in the same status, since the same moment. It refreshes what may have changed.
_INSERT = """
INSERT INTO notifications
    (received_at, status, receiver, group_key, alertname, severity, labels, annotations, starts_at, ends_at,
     fingerprint, generator_url, last_received_at)
VALUES (:received_at, :status, :receiver, :group_key, :alertname, :severity, :labels, :annotations, :starts_at,
     :ends_at, :fingerprint, :generator_url, :received_at)
ON CONFLICT (fingerprint, starts_at, status) DO UPDATE SET
    repeats = repeats + 1, last_received_at = excluded.last_received_at, annotations = excluded.annotations
"""

_DROP_OLDEST = """
DELETE FROM notifications
WHERE id IN (SELECT id FROM notifications ORDER BY id LIMIT max(0, (SELECT rows FROM kept) - ?))
"""


class InboxUnavailable(InvestIQError):
    """The inbox cannot write or read its file; Alertmanager tries again."""

    reason = "inbox_unavailable"
    retryable = True


@dataclass(frozen=True, slots=True)
class Received:
    """One alert of a webhook, as Alertmanager sent it. Times are UTC; `ends_at` is None while it fires."""

    status: AlertStatus
    receiver: str
    group_key: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None
    fingerprint: str
    generator_url: str


@dataclass(frozen=True, slots=True)
class Notification:
    """One kept row: an alert that began to fire, or that resolved."""

    id: int
    received_at: datetime
    status: AlertStatus
    receiver: str
    group_key: str
    alertname: str
    severity: str
    starts_at: datetime
    ends_at: datetime | None
    fingerprint: str
    generator_url: str
    repeats: int
    last_received_at: datetime
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


class NotificationStore:
    """The notifications in one SQLite file; safe to use from several threads.

    Args:
        keep: rows kept; the oldest beyond that are dropped with each write.
    """

    def __init__(self, path: Path, keep: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._keep = keep
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")  # a page that was acknowledged survives a power cut
        self._connection.executescript(_SCHEMA)

    def add(self, alerts: Iterable[Received], now: datetime) -> None:
        """Keep all of `alerts` or none; when this returns they are on disk.

        Raises:
            InboxUnavailable: the file cannot be written.
        """
        rows = [_row(alert, now) for alert in alerts]
        with self._transaction() as connection:
            connection.executemany(_INSERT, rows)
            connection.execute(_DROP_OLDEST, (self._keep,))

    def latest(
        self,
        limit: int,
        *,
        status: AlertStatus | None = None,
        alertname: str | None = None,
        since: datetime | None = None,
    ) -> list[Notification]:
        """Up to `limit` notifications, newest first, that pass every given filter; `since` is a time of arrival.

        Raises:
            InboxUnavailable: the file cannot be read.
        """
        conditions = {"status = ?": status, "alertname = ?": alertname, "received_at >= ?": _stored(since)}
        given = {condition: value for condition, value in conditions.items() if value is not None}
        where = f"WHERE {' AND '.join(given)}" if given else ""
        query = f"SELECT * FROM notifications {where} ORDER BY received_at DESC, id DESC LIMIT ?"  # noqa: S608  conditions are constants
        with self._transaction() as connection:
            return [_notification(row) for row in connection.execute(query, (*given.values(), limit))]

    def ping(self) -> None:
        """Read something.

        Raises:
            InboxUnavailable: the file cannot be read.
        """
        with self._transaction() as connection:
            connection.execute("SELECT id FROM notifications LIMIT 1").fetchone()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._connection.execute("BEGIN")
                with self._connection:
                    yield self._connection
            except sqlite3.Error as error:
                raise InboxUnavailable(f"the inbox cannot use its file: {error}") from error


def _row(alert: Received, now: datetime) -> dict[str, object]:
    return {
        "received_at": _stored(now),
        "status": alert.status,
        "receiver": alert.receiver,
        "group_key": alert.group_key,
        "alertname": alert.labels.get("alertname", ""),
        "severity": alert.labels.get("severity", ""),
        "labels": json.dumps(dict(alert.labels)),
        "annotations": json.dumps(dict(alert.annotations)),
        "starts_at": _stored(alert.starts_at),
        "ends_at": _stored(alert.ends_at),
        "fingerprint": alert.fingerprint,
        "generator_url": alert.generator_url,
    }


def _stored(moment: datetime | None) -> str | None:
    """UTC with microseconds always written, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment is not None else None


def _notification(row: sqlite3.Row) -> Notification:
    values = dict(row) | {"status": AlertStatus(row["status"])}
    for name in ("received_at", "starts_at", "ends_at", "last_received_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] is not None else None
    for name in ("labels", "annotations"):
        values[name] = json.loads(values[name])
    return Notification(**values)

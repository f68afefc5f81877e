"""The audit log: who changed what, from where, when, and how it went. Rows are added, never changed or removed.

Each row holds the hash of the one before and its own, over everything in it. So a row that was altered or taken out of
the middle is found, though the triggers that forbid it were dropped. What the chain alone cannot tell: rows missing at
its end, and a log that was written anew with new hashes. Against both, the newest row is remembered outside of the
database (`audit_witness`), and its hash can be kept elsewhere and shown to `verify`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select

from investiq.foundation.foreign_text import replaced
from investiq.foundation.store.schema import audit_log
from investiq.foundation.vocabulary import AuditAction, AuditResult

__all__ = [
    "Actor",
    "AuditEntry",
    "AuditRecord",
    "ChainReport",
    "ChainWalk",
    "Witness",
    "append",
    "last_times",
    "missing_witness",
    "newest",
    "page",
    "verify",
]

_NO_HASH = "0" * 64
_NEWEST = select(audit_log.c.id, audit_log.c.hash).order_by(audit_log.c.id.desc()).limit(1)
_READ_AT_ONCE = 1_000
_LONGEST_DETAIL = 1_000


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        name: of the key, with its session where there is one; of the user who types.
        origin: the address that the request came from, or `local user NAME`.
        access: what the key allows; empty for who types on this machine.
    """

    name: str
    origin: str
    access: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What was done, on its way into the log. Never holds a secret."""

    action: AuditAction
    actor: Actor
    target: str = ""
    detail: str = ""
    result: AuditResult = AuditResult.DONE


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A row of the log."""

    id: int
    wall: datetime
    actor: str
    access: str
    origin: str
    action: str
    target: str
    result: str
    detail: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Witness:
    """A row as it is remembered outside of the database."""

    id: int
    hash: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What `verify` found.

    Attributes:
        rows: how many there are.
        head: the hash of the newest.
        faults: what is wrong, one sentence each, in the order of the rows.
    """

    rows: int
    head: str
    faults: tuple[str, ...]


def append(connection: Connection, entry: AuditEntry, now: datetime | None = None) -> AuditRecord:
    """Add a row in the transaction of the change, which must be a writing one: it alone numbers rows."""
    last = newest(connection)
    values: dict[str, Any] = {
        "id": last.id + 1 if last else 1,
        "wall": now or datetime.now(UTC),
        "actor": _line(entry.actor.name, 100),
        "access": _line(entry.actor.access, 32),
        "origin": _line(entry.actor.origin, 100),
        "action": entry.action.value,
        "target": _line(entry.target, 200),
        "result": entry.result.value,
        "detail": _line(entry.detail, _LONGEST_DETAIL),
        "previous": last.hash if last else _NO_HASH,
    }
    record = AuditRecord(**values, hash=_hash(values))
    connection.execute(insert(audit_log).values(**asdict(record)))
    return record


def page(
    connection: Connection,
    *,
    limit: int,
    before: int | None = None,
    action: AuditAction | None = None,
    actor: str | None = None,
) -> Sequence[AuditRecord]:
    """Up to `limit` rows, newest first, those with an id below `before`."""
    wanted: list[ColumnElement[bool]] = []
    if before is not None:
        wanted.append(audit_log.c.id < before)
    if action is not None:
        wanted.append(audit_log.c.action == action.value)
    if actor is not None:
        wanted.append(audit_log.c.actor.contains(actor, autoescape=True))
    query = select(audit_log).where(*wanted).order_by(audit_log.c.id.desc()).limit(limit)
    return [_record(row) for row in connection.execute(query)]


def last_times(connection: Connection, action: AuditAction) -> dict[str, datetime]:
    """Target -> when this was last done to it."""
    query = select(audit_log.c.target, func.max(audit_log.c.wall)).where(audit_log.c.action == action.value)
    return {row[0]: row[1] for row in connection.execute(query.group_by(audit_log.c.target))}


def verify(connection: Connection, expected: str | None = None, witness: Witness | None = None) -> ChainReport:
    """Read the whole log and look whether its rows follow from each other.

    Args:
        expected: the hash of a row that must be there, as it was once told.
        witness: a row that must be there, as it was once kept outside of the database.
    """
    walk = ChainWalk()
    found = expected is None
    faults = list(missing_witness(connection, witness))
    while read := walk.go_on(connection, _READ_AT_ONCE):
        found = found or any(record.hash == expected for record in read)
    faults += walk.faults
    if not found:
        faults.append(f"no row has the hash {expected}: rows are missing at the end, or the log was written anew")
    return ChainReport(walk.rows, walk.head, tuple(faults))


class ChainWalk:
    """Goes through the log from its first row, some rows at a time.

    Attributes:
        rows: read so far.
        last: the id of the last of them.
        head: its hash.
        faults: what is wrong, one sentence each, in the order of the rows.
    """

    def __init__(self) -> None:
        self.rows, self.last, self.head = 0, 0, _NO_HASH
        self.faults: list[str] = []

    def go_on(self, connection: Connection, most: int) -> Sequence[AuditRecord]:
        """Look at the next `most` rows; none are left once it returns none."""
        query = select(audit_log).where(audit_log.c.id > self.last).order_by(audit_log.c.id).limit(most)
        read = [_record(row) for row in connection.execute(query)]
        for record in read:
            self.faults += _faults(record, self.rows, self.head)
            self.rows, self.last, self.head = self.rows + 1, record.id, record.hash
        return read


def newest(connection: Connection) -> Witness | None:
    """The newest row, to be kept outside of the database; None while there is none."""
    row = connection.execute(_NEWEST).one_or_none()
    return Witness(row.id, row.hash) if row is not None else None


def missing_witness(connection: Connection, witness: Witness | None) -> Iterator[str]:
    """What is wrong where the row that was kept outside is not in the log as it was."""
    if witness is None:
        return
    found = connection.scalar(select(audit_log.c.hash).where(audit_log.c.id == witness.id))
    if found is None:
        yield f"row {witness.id} is missing, and was there once: the log was cut off at its end"
    elif found != witness.hash:
        yield f"row {witness.id} is another one than was there once: the log was written anew"


def _faults(record: AuditRecord, before: int, head: str) -> Iterator[str]:
    values = {name: value for name, value in asdict(record).items() if name != "hash"}
    if record.hash != _hash(values):
        yield f"row {record.id} was altered: its hash is not that of what it holds"
    if record.previous != head:
        where = "the first rows are" if before == 0 else "what came before it is"
        yield f"row {record.id} does not follow the row before it: {where} missing or altered"


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(**row._mapping)


def _hash(values: dict[str, Any]) -> str:
    text = {**values, "wall": values["wall"].astimezone(UTC).isoformat(timespec="microseconds")}
    return sha256(json.dumps(text, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _line(text: str, longest: int) -> str:
    line = replaced(text)
    return line if len(line) <= longest else line[: longest - 1] + "…"

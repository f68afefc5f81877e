"""Who has signed for a point of the production checklist: kept in the ledger, and never changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, func, insert, select

from investiq.foundation.store import reading, writing
from investiq.foundation.store.audit import Actor, AuditEntry, append
from investiq.foundation.store.schema import checklist_sign_offs as table
from investiq.foundation.vocabulary import AuditAction

__all__ = ["SignOff", "SignOffStore"]


@dataclass(frozen=True, slots=True)
class SignOff:
    """Somebody signed for a point.

    Attributes:
        by: the name that was given.
        signed_as: whose key, or session, it came with.
        expires_at: when somebody has to look again.
    """

    point: str
    by: str
    signed_as: str
    note: str | None
    signed_at: datetime
    expires_at: datetime


class SignOffStore:
    """The sign-offs in the ledger's database. Every method raises DatabaseUnavailable when that does not answer.

    Args:
        life: how long one is of use.
    """

    def __init__(self, engine: Engine, life: timedelta, clock: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self._engine = engine
        self._life = life
        self._clock = clock

    def sign(self, point: str, by: str, actor: Actor, note: str | None = None) -> SignOff:
        """Keep that `by` has signed for `point` now, and who sent it."""
        now = self._clock()
        row = {"point": point, "by": by, "signed_as": actor.name, "note": note, "wall": now}
        signed = f"by {by}" + (f": {note}" if note else "")
        with writing(self._engine) as connection:
            connection.execute(insert(table).values(**row))
            append(connection, AuditEntry(AuditAction.CHECKLIST_SIGNED, actor, point, signed))
        return SignOff(point, by, actor.name, note, now, now + self._life)

    def latest(self) -> list[SignOff]:
        """The latest of each point, expired ones too, by point."""
        newest = select(func.max(table.c.id)).group_by(table.c.point)
        with reading(self._engine) as connection:
            rows = connection.execute(select(table).where(table.c.id.in_(newest)).order_by(table.c.point))
            return [self._sign_off(row) for row in rows]

    def _sign_off(self, row: Row[Any]) -> SignOff:
        return SignOff(row.point, row.by, row.signed_as, row.note, row.wall, row.wall + self._life)

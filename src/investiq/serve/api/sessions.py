"""Sessions: what a person who logs in gets, and the links that log in once.

A session is a credential beside the keys. It belongs to a key, allows what that allows, and ends with it; after twelve
hours it ends by itself. Secrets are random and kept as hashes, as those of keys are and for the same reason.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from investiq.foundation.errors import InvestIQError
from investiq.foundation.store import reading, writing
from investiq.foundation.store.audit import Actor, AuditEntry, append
from investiq.foundation.store.schema import login_links, sessions
from investiq.foundation.vocabulary import AuditAction
from investiq.serve.api.access import Caller
from investiq.serve.api.keys import ITSELF, ApiKey, Credential, KeyStore, hash_of

__all__ = [
    "LINK_LIFE",
    "SESSION_LIFE",
    "Credentials",
    "LoginLink",
    "LoginRefused",
    "Session",
    "SessionStore",
    "UnknownSession",
]

SESSION_LIFE: Final = timedelta(hours=12)
LINK_LIFE: Final = timedelta(minutes=5)
KEPT: Final = timedelta(days=90)
"""How long it is known who an id in the ledger was."""

_LONGEST_NAME = 100  # of whoever did something, in the ledger


class LoginRefused(InvestIQError):
    """A key or a link logs nobody in."""

    reason = "login_refused"


class UnknownSession(InvestIQError):
    """No session has this id."""

    reason = "unknown_session"


@dataclass(frozen=True, slots=True)
class LoginLink:
    """A link that was just made, with its token: the only time that anybody sees it."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of a session; its secret is not."""

    id: str
    key: ApiKey
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @property
    def name(self) -> str:
        """Who acts, as the ledger keeps it: the key, and which of its sessions."""
        which = f" (session {self.id})"
        return self.key.name[: _LONGEST_NAME - len(which)] + which

    @property
    def caller(self) -> Caller:
        return Caller(self.name, self.key.access, f"key:{self.key.id}", self.key.id, self.id)

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at and self.key.is_valid(now)


def _now() -> datetime:
    return datetime.now(UTC)


class SessionStore:
    """The sessions in the ledger's database. Every method raises DatabaseUnavailable when that does not answer."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = _now) -> None:
        self._engine = engine
        self._keys = KeyStore(engine)
        self._clock = clock

    def make_link(self, key_id: str) -> LoginLink:
        """A link that logs in once, as this key."""
        now = self._clock()
        token = "iql_" + secrets.token_urlsafe(32)
        row = {"hash": hash_of(token.encode()), "key_id": key_id, "created_at": now, "expires_at": now + LINK_LIFE}
        with writing(self._engine) as connection:
            _forget_old(connection, now)
            connection.execute(insert(login_links).values(row))
        return LoginLink(token, now + LINK_LIFE)

    def log_in_by_link(self, token: str, origin: str = "") -> tuple[Session, str]:
        """A new session of the key that made the link, and its secret. The link is used up by it.

        Raises:
            LoginRefused: it was used before, is too old, or its key is not valid any more.
        """
        now, digest = self._clock(), hash_of(token.encode())
        unused = (login_links.c.hash == digest, login_links.c.used_at.is_(None), login_links.c.expires_at > now)
        with writing(self._engine) as connection:
            # One statement finds it unused and marks it: of two requests at the same time, one has it.
            used = connection.execute(update(login_links).where(*unused).values(used_at=now))
            row = connection.execute(select(login_links).where(login_links.c.hash == digest)).one_or_none()
        if row is None or used.rowcount != 1:
            raise LoginRefused(_why_useless(row))
        return self._begin(self._keys.valid(row.key_id), now, "by link", origin)

    def log_in_by_key(self, secret: str, origin: str = "") -> tuple[Session, str]:
        """A new session of this key, and its secret.

        Raises:
            LoginRefused: it is no valid key.
        """
        return self._begin(self._keys.verify(secret.encode()), self._clock(), "by key", origin)

    def by_hash(self) -> Mapping[str, Session]:
        """Every session that is valid, by the hash of its secret."""
        now = self._clock()
        found = self._rows(sessions.c.revoked_at.is_(None), sessions.c.expires_at > now)
        return {row.hash: session for row, session in found if session.is_valid(now)}

    def open_sessions(self) -> list[Session]:
        """Those that are valid, oldest first."""
        now = self._clock()
        return [session for session in self._select() if session.is_valid(now)]

    def valid(self, session_id: str) -> Session | None:
        """The session of this id, while it is valid."""
        found = self._select(sessions.c.id == session_id)
        return found[0] if found and found[0].is_valid(self._clock()) else None

    def end(self, session_id: str, actor: Actor = ITSELF) -> Session:
        """End a session for ever; ending it again changes nothing.

        Raises:
            UnknownSession: none has this id.
        """
        with writing(self._engine) as connection:
            open_one = sessions.c.id == session_id, sessions.c.revoked_at.is_(None)
            ended = connection.execute(update(sessions).where(*open_one).values(revoked_at=self._clock()))
            if ended.rowcount:
                append(connection, AuditEntry(AuditAction.SESSION_ENDED, actor, session_id))
        found = self._select(sessions.c.id == session_id)
        if not found:
            raise UnknownSession(f"no session has the id {session_id[:40]!r}: `investiq keys sessions` shows them")
        return found[0]

    def end_all(self, overlap: timedelta, actor: Actor) -> int:
        """End every session with the overlap, or now; how many there are. Whoever is logged in logs in anew."""
        now = self._clock()
        with writing(self._engine) as connection:
            later = sessions.c.revoked_at.is_(None), sessions.c.expires_at > now + overlap
            values = {"expires_at": now + overlap} if overlap else {"revoked_at": now}
            count = connection.execute(update(sessions).where(*later).values(values)).rowcount
            detail = f"{count} sessions end {f'at {now + overlap:%Y-%m-%d %H:%M:%S} UTC' if overlap else 'now'}"
            append(connection, AuditEntry(AuditAction.SECRET_ROTATED, actor, "sessions", detail))
        return count

    def _begin(self, key: ApiKey | None, now: datetime, how: str, origin: str) -> tuple[Session, str]:
        if key is None:
            raise LoginRefused("the API key is wrong, revoked or expired: `investiq keys list` shows keys")
        secret = "iqs_" + secrets.token_urlsafe(32)
        session = Session(secrets.token_hex(4), key, now, now + SESSION_LIFE, None)
        row = {"id": session.id, "hash": hash_of(secret.encode()), "key_id": key.id}
        with writing(self._engine) as connection:
            _forget_old(connection, now)
            connection.execute(insert(sessions).values(**row, created_at=now, expires_at=session.expires_at))
            actor = Actor(session.name, origin, key.access.value)
            append(connection, AuditEntry(AuditAction.SESSION_OPENED, actor, session.id, how))
        return session, secret

    def _select(self, *which: Any) -> list[Session]:
        return [session for _, session in self._rows(*which)]

    def _rows(self, *which: Any) -> list[tuple[Row[Any], Session]]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(sessions).where(*which).order_by(sessions.c.created_at)).all()
        by_id = {key.id: key for key in self._keys.all_keys()} if rows else {}
        return [(row, _session(row, by_id[row.key_id])) for row in rows]


class Credentials:
    """Keys and sessions: what a caller of the API may present."""

    def __init__(self, keys: KeyStore, of_people: SessionStore) -> None:
        self._keys = keys
        self._sessions = of_people

    def by_hash(self) -> Mapping[str, Credential]:
        """All that are valid, by the hash of their secrets."""
        return {**self._keys.by_hash(), **self._sessions.by_hash()}

    def note_use(self, key_id: str, when: datetime) -> None:
        """Keep that a key, or a session of it, was used at `when`."""
        self._keys.note_use(key_id, when)


def _why_useless(row: Row[Any] | None) -> str:
    anew = "`investiq login` makes a new one"
    if row is None:
        return f"this is no link of this installation: {anew}"
    if row.used_at is not None:
        return (
            f"this link was used before, and works once: {anew}. If it was not you, `investiq keys sessions` shows "
            "who is logged in, and `investiq keys revoke ID` ends it"
        )
    return f"this link is older than five minutes: {anew}"


def _forget_old(connection: Connection, now: datetime) -> None:
    for table in (login_links, sessions):
        connection.execute(delete(table).where(table.c.expires_at < now - KEPT))


def _session(row: Row[Any], key: ApiKey) -> Session:
    return Session(row.id, key, row.created_at, row.expires_at, row.revoked_at)

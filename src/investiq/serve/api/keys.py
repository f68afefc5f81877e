"""API keys: made once, shown once, kept as hashes.

A key is 256 random bits, so a plain SHA-256 is enough: slow hashes (argon2, bcrypt) exist to make *guessing* expensive,
and nobody guesses one of 2**256 values at any speed. A slow hash would only let wrong keys burn our processor.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import structlog
from sqlalchemy import Connection, Engine, Row, insert, select, update

from investiq.foundation.config.paths import Paths
from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import replace_whole
from investiq.foundation.foreign_text import acted_upon
from investiq.foundation.store import reading, writing
from investiq.foundation.store.audit import Actor, AuditEntry, append
from investiq.foundation.store.schema import api_keys, sessions
from investiq.foundation.vocabulary import Access, AuditAction
from investiq.serve.api.access import Caller

__all__ = [
    "AGENT_KEY_NAME",
    "ITSELF",
    "ApiKey",
    "Credential",
    "KeyFile",
    "KeyStore",
    "UnknownKey",
    "UnusableKeyFile",
    "hash_of",
    "key_files",
    "provide_key_files",
    "rotate_key_file",
]

_log = structlog.get_logger(__name__)

AGENT_KEY_NAME = "local agent"
ITSELF = Actor("investiq", "this installation")
"""Who makes the keys that an installation needs."""

_KEY = re.compile(r"iq_[A-Za-z0-9_-]{43}")
_LONGEST_NAME = 100
_SOON = timedelta(days=7)


class UnknownKey(InvestIQError):
    """No key has this id."""

    reason = "unknown_key"


class UnusableKeyFile(InvestIQError):
    """A key file cannot be read, cannot be written, or holds something else."""

    reason = "key_file"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; the key itself is not. Without `expires_at` it never ends by itself.

    Attributes:
        last_used_at: to the minute, as the server notes it; None before the first use.
    """

    id: str
    name: str
    access: Access
    created_at: datetime
    revoked_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def ends_soon(self, now: datetime) -> bool:
        """Whether it ends within a week; one that was made for less, in the last fifth of its life."""
        if self.expires_at is None:
            return False
        return self.expires_at - now < min(_SOON, (self.expires_at - self.created_at) / 5)

    @property
    def caller(self) -> Caller:
        return Caller(self.name, self.access, f"key:{self.id}", self.id)


class KeyFile(NamedTuple):
    """Where a key of this installation is, and what it allows."""

    path: Path
    name: str
    access: Access


class Credential(Protocol):
    """What a caller presents: a key, or a session of one."""

    @property
    def caller(self) -> Caller:
        """Who presents it."""

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything at `now`."""


class KeyStore:
    """The keys in the ledger's database. Every method raises DatabaseUnavailable when that does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self, name: str, access: Access, life: timedelta | None = None, actor: Actor = ITSELF
    ) -> tuple[ApiKey, str]:
        """A new key, and its secret: the only time that anybody sees it.

        Args:
            life: how long it is valid; None: until it is revoked.

        Raises:
            ValueError: the name is empty, longer than 100 characters, or no text.
        """
        secret = _new_secret()
        return self.register(name, access, secret, life, actor), secret

    def register(
        self, name: str, access: Access, secret: str, life: timedelta | None = None, actor: Actor = ITSELF
    ) -> ApiKey:
        """Keep the hash of `secret` as a key that is valid from now on."""
        if not 0 < len(name) <= _LONGEST_NAME:
            raise ValueError(f"the name of a key has 1 to {_LONGEST_NAME} characters, not {len(name)}")
        if character := acted_upon(name):
            raise ValueError(f"the name of a key is one line of text, without U+{ord(character):04X}")
        now = datetime.now(UTC)
        key = ApiKey(secrets.token_hex(6), name, access, now, expires_at=now + life if life is not None else None)
        with writing(self._engine) as connection:
            _insert(connection, key, secret)
            append(connection, AuditEntry(AuditAction.KEY_CREATED, actor, key.id, _described(key)))
        return key

    def all_keys(self) -> list[ApiKey]:
        """Every key, revoked ones too, oldest first."""
        with reading(self._engine) as connection:
            return [_key(row) for row in connection.execute(select(api_keys).order_by(api_keys.c.created_at))]

    def revoke(self, key_id: str, actor: Actor = ITSELF) -> ApiKey:
        """Make a key invalid for ever; revoking it again changes nothing.

        Raises:
            UnknownKey: no key has this id.
        """
        with writing(self._engine) as connection:
            still_valid = api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)
            revoked = connection.execute(update(api_keys).where(*still_valid).values(revoked_at=datetime.now(UTC)))
            row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
            if row is not None and revoked.rowcount:
                append(connection, AuditEntry(AuditAction.KEY_REVOKED, actor, key_id, _described(_key(row))))
        if row is None:
            raise UnknownKey(
                f"no key or session has the id {key_id[:40]!r}: `investiq keys list` and `keys sessions` show them"
            )
        return _key(row)

    def rotate(self, key_id: str, overlap: timedelta, actor: Actor) -> tuple[ApiKey, str]:
        """A new key of the same name and access for this one, and its secret; the old one ends with the overlap.

        A key that ends by itself keeps its end, and so does the new one.

        Raises:
            UnknownKey: no key has this id, or it is not valid any more.
        """
        now, secret = datetime.now(UTC), _new_secret()
        with writing(self._engine) as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
            old = _key(row) if row is not None else None
            if old is None or not old.is_valid(now):
                raise UnknownKey(f"no valid key has the id {key_id[:40]!r}: `investiq keys list` shows them")
            new = replace(old, id=secrets.token_hex(6), created_at=now, last_used_at=None)
            _insert(connection, new, secret)
            _end_with(connection, [old], new, now, overlap)
            detail = f"{_described(new)}, in place of {old.id}, which ends {_when(now, overlap)}"
            append(connection, AuditEntry(AuditAction.KEY_ROTATED, actor, new.id, detail))
        return new, secret

    def end_others(self, keep: ApiKey, secret_name: str, overlap: timedelta, actor: Actor) -> list[ApiKey]:
        """End the other keys of this one's name with the overlap: a new file of this installation holds `keep`."""
        now = datetime.now(UTC)
        with writing(self._engine) as connection:
            rows = connection.execute(select(api_keys).where(api_keys.c.name == keep.name, api_keys.c.id != keep.id))
            others = [key for row in rows if (key := _key(row)).is_valid(now)]
            _end_with(connection, others, keep, now, overlap)
            ended = ", ".join(key.id for key in others) or "none"
            detail = f"key {keep.id}; before it: {ended}, which end {_when(now, overlap)}"
            append(connection, AuditEntry(AuditAction.SECRET_ROTATED, actor, secret_name, detail))
        return others

    def valid(self, key_id: str) -> ApiKey | None:
        """The key of this id, while it is valid."""
        with reading(self._engine) as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
        key = _key(row) if row is not None else None
        return key if key is not None and key.is_valid(datetime.now(UTC)) else None

    def expiring(self, now: datetime) -> list[ApiKey]:
        """Valid keys whose end is near, without those that a newer valid key of their name replaces."""
        valid = [key for key in self.all_keys() if key.is_valid(now)]
        return [
            key
            for key in valid
            if key.ends_soon(now)
            and not any(other.name == key.name and other.created_at > key.created_at for other in valid)
        ]

    def find(self, secret: bytes) -> ApiKey | None:
        """The key whose secret this is, also when it is revoked."""
        digest = hash_of(secret)
        with reading(self._engine) as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.hash == digest)).one_or_none()
        # The index compares hashes byte by byte, and its time tells about the *hash* of what was sent, from which
        # nobody can work towards a secret. The last word is a comparison whose time tells nothing at all.
        return _key(row) if row is not None and hmac.compare_digest(row.hash, digest) else None

    def verify(self, secret: bytes) -> ApiKey | None:
        """The valid key whose secret this is."""
        key = self.find(secret) if _is_key(secret) else None
        return key if key is not None and key.is_valid(datetime.now(UTC)) else None

    def by_hash(self) -> Mapping[str, ApiKey]:
        """Every key that is not revoked, by the hash of its secret."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(api_keys).where(api_keys.c.revoked_at.is_(None)))
            return {row.hash: _key(row) for row in rows}

    def note_use(self, key_id: str, when: datetime) -> None:
        """Keep that the key was used at `when`."""
        with writing(self._engine) as connection:
            connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=when))


def rotate_key_file(store: KeyStore, file: KeyFile, secret_name: str, overlap: timedelta, actor: Actor) -> ApiKey:
    """A new key in the file of this installation; what read the old one goes on for the overlap.

    1. The new key is valid, and nobody has it yet.
    2. It is in the file: whoever reads it from now on shows the new one.
    3. The keys before it end with the overlap. Whoever was interrupted before this rotates again, and it happens then.

    Args:
        secret_name: what the audit log calls it.

    Raises:
        UnusableKeyFile: the file cannot be written.
    """
    key, secret = store.create(file.name, file.access, actor=actor)
    _write_key_file(file.path, secret)
    store.end_others(key, secret_name, overlap, actor)
    return key


def provide_key_files(store: KeyStore, paths: Paths) -> None:
    """Make sure that this installation's own keys are in their files and valid.

    A missing file gets a new key, and earlier keys of its name are revoked: deleting the file and restarting is how
    such a key is replaced. A file whose key the ledger does not know (a fresh ledger under kept keys) is believed.

    Raises:
        UnusableKeyFile: a file cannot be read or written, or holds no key.
    """
    for path, name, access in key_files(paths):
        _provide(store, path, name, access)


def key_files(paths: Paths) -> tuple[KeyFile, ...]:
    """This installation's own."""
    return (
        KeyFile(paths.admin_key, "local admin", Access.ADMIN),
        KeyFile(paths.agent_key, AGENT_KEY_NAME, Access.TRADE),
        KeyFile(paths.console_key, "local console", Access.READ),
    )


def _provide(store: KeyStore, path: Path, name: str, access: Access) -> None:
    try:
        secret = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        _replace(store, path, name, access)
        return
    except OSError as error:
        raise UnusableKeyFile(f"{path} cannot be read: {error.strerror}. Its owner must be able to") from error
    if not _KEY.fullmatch(secret):
        raise UnusableKeyFile(f"{path} holds no API key (iq_ and 43 characters): delete it, and a new one is made")
    known = store.find(secret.encode())
    if known is None:
        store.register(name, access, secret)
    elif known.revoked_at is not None:
        _log.warning("key_file_is_revoked", file=str(path), fix="delete the file and restart: a new key is made")


def _replace(store: KeyStore, path: Path, name: str, access: Access) -> None:
    for earlier in store.all_keys():
        if earlier.name == name and earlier.revoked_at is None:
            store.revoke(earlier.id)
    _, secret = store.create(name, access)
    _write_key_file(path, secret)
    _log.info("key_file_written", file=str(path), access=access.value)


def _write_key_file(path: Path, secret: str) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        replace_whole(path, secret + "\n")
    except OSError as error:
        raise UnusableKeyFile(f"{path} cannot be written: {error.strerror}") from error


def _new_secret() -> str:
    return "iq_" + secrets.token_urlsafe(32)


def _insert(connection: Connection, key: ApiKey, secret: str) -> None:
    row = {"id": key.id, "name": key.name, "hash": hash_of(secret.encode()), "scopes": key.access.value}
    connection.execute(insert(api_keys).values(**row, created_at=key.created_at, expires_at=key.expires_at))


def _end_with(
    connection: Connection, keys: Sequence[ApiKey], successor: ApiKey, now: datetime, overlap: timedelta
) -> None:
    """Let them end with the overlap, or now; one that would end before that still does.

    With an overlap, whoever is logged in stays so, by the new key; without one, sessions end with their key: it leaked.
    """
    for key in keys:
        if overlap:
            open_ones = sessions.c.key_id == key.id, sessions.c.revoked_at.is_(None)
            connection.execute(update(sessions).where(*open_ones).values(key_id=successor.id))
        end = min(filter(None, (key.expires_at, now + overlap)))
        values = {"expires_at": end} if overlap else {"revoked_at": now}
        connection.execute(update(api_keys).where(api_keys.c.id == key.id).values(values))


def _described(key: ApiKey) -> str:
    until = f", until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else ""
    return f"{key.name} ({key.access}{until})"


def _when(now: datetime, overlap: timedelta) -> str:
    return f"at {now + overlap:%Y-%m-%d %H:%M:%S} UTC" if overlap else "now"


def _is_key(secret: bytes) -> bool:
    return _KEY.fullmatch(secret.decode("latin-1")) is not None


def hash_of(secret: bytes) -> str:
    """What is kept of a secret."""
    return sha256(secret).hexdigest()


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        row.id, row.name, Access(row.scopes), row.created_at, row.revoked_at, row.expires_at, row.last_used_at
    )

"""Who may come in with a password (auth = "basic"): a file as nginx reads it, with hashes alone.

nginx hashes on every request, in the process that serves everybody. A generated secret needs no slow hash: nobody
guesses 256 random bits. A password that a person chose needs one, and is a denial of service by itself: docs/edge.md
has the figures.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import bcrypt

from investiq.foundation.config import Config, Paths
from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import replace_whole

__all__ = ["LEAST_COST", "EdgeUsers", "UserRefused"]

LEAST_COST = 10
"""Of bcrypt, for what a person chose."""

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_BCRYPT = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")
_LEAST_LENGTH = 12
_MOST_BYTES = 72
"""bcrypt looks at no more."""


class UserRefused(InvestIQError):
    """A name or a password will not do, or nobody has that name."""

    reason = "edge_user"


class EdgeUsers:
    """The users in the file of an installation."""

    def __init__(self, config: Config) -> None:
        self._file = Paths.of(config).edge_users

    def names(self) -> list[str]:
        """Everybody, in the order in which they came."""
        return list(self._read())

    def weak(self) -> list[str]:
        """Those whose hash is quickly guessed: of another kind, or of a low cost."""
        return [name for name, hashed in self._read().items() if not _is_strong(hashed)]

    def add(self, name: str) -> str:
        """Give `name` a new secret, which replaces an earlier one; the only time that anybody sees it.

        Raises:
            UserRefused: the name will not do.
        """
        secret = secrets.token_urlsafe(32)
        salt = secrets.token_bytes(16)
        digest = hashlib.sha1(secret.encode() + salt, usedforsecurity=False).digest()
        self._set(name, "{SSHA}" + base64.b64encode(digest + salt).decode("ascii"))
        return secret

    def add_chosen(self, name: str, password: str, cost: int = LEAST_COST) -> None:
        """Give `name` a password that a person chose.

        Raises:
            UserRefused: name or password will not do, or the cost is so low that it would be guessed.
        """
        if cost < LEAST_COST:
            raise UserRefused(
                f"a password that a person chose is guessed at bcrypt cost {cost}: {LEAST_COST} is the least; or leave "
                "it out, and have a secret generated"
            )
        if not _LEAST_LENGTH <= len(password.encode()) <= _MOST_BYTES:
            raise UserRefused(f"a password has {_LEAST_LENGTH} to {_MOST_BYTES} bytes")
        self._set(name, bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode("ascii"))

    def remove(self, name: str) -> None:
        """Let `name` in no more.

        Raises:
            UserRefused: nobody has that name.
        """
        with self._changing() as users:
            if name not in users:
                raise UserRefused(f"nobody is called {name[:64]!r}: `investiq edge user list` shows everybody")
            del users[name]

    def _set(self, name: str, hashed: str) -> None:
        if not _NAME.fullmatch(name):
            raise UserRefused("a name has 1 to 64 letters, digits and . _ @ -")
        with self._changing() as users:
            users[name] = hashed

    def _read(self) -> dict[str, str]:
        try:
            lines = self._file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return {}
        pairs = (line.partition(":") for line in lines if line and not line.startswith("#"))
        return {name: hashed for name, _, hashed in pairs}

    @contextmanager
    def _changing(self) -> Iterator[dict[str, str]]:
        """The users, kept with what is done to them: one process at a time."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _held(self._file.parent):
            users = self._read()
            yield users
            replace_whole(self._file, _text(users))


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _text(users: Mapping[str, str]) -> str:
    return "".join(f"{name}:{hashed}\n" for name, hashed in users.items())


def _is_strong(hashed: str) -> bool:
    found = _BCRYPT.fullmatch(hashed)
    return hashed.startswith("{SSHA}") or (found is not None and int(found[1]) >= LEAST_COST)

"""Token files that are replaced while those who show the token and those who ask for it run on.

    NAME.token            what is shown; whoever shows it reads the file for each request
    NAME.token.previous   what was shown before: one a line, with the end until which it still opens

Written in an order that leaves every step usable: the old token is kept as a previous one before the new one takes its
place. Whoever is interrupted in between rotates again.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from investiq.foundation.files import UnusableTokenFile, provide_token, replace_whole

__all__ = ["AcceptedTokens", "previous_file", "previous_tokens", "rotate_token"]


@dataclass(frozen=True, slots=True)
class PreviousToken:
    """A token that was replaced, and until when it still opens."""

    token: str
    until: datetime


def previous_file(file: Path) -> Path:
    """Where the tokens are that `file` held before."""
    return file.with_name(f"{file.name}.previous")


def previous_tokens(file: Path, now: datetime) -> list[PreviousToken]:
    """Those that still open at `now`, the newest last. What cannot be read opens nothing."""
    try:
        lines = previous_file(file).read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    return [previous for line in lines if (previous := _previous(line)) and now < previous.until]


def rotate_token(file: Path, overlap: timedelta, now: datetime | None = None) -> datetime:
    """Put a new token into `file`; the old one opens until the time that this returns, and with no overlap nothing.

    1. The old token is kept among the previous ones, with its end.
    2. The new one takes its place.
    3. Without an overlap, the previous ones go.

    Raises:
        UnusableTokenFile: the file holds no token, or cannot be read.
        OSError: it cannot be written; the old token still opens.
    """
    now = now or datetime.now(UTC)
    until = now + overlap
    if overlap:
        kept = [*previous_tokens(file, now), PreviousToken(provide_token(file), until)]
        lines = dict.fromkeys(f"{one.token} {one.until.isoformat(timespec='microseconds')}" for one in kept)
        replace_whole(previous_file(file), "".join(f"{line}\n" for line in lines))
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_whole(file, secrets.token_urlsafe(32) + "\n")
    if not overlap:
        previous_file(file).unlink(missing_ok=True)
    return until


class AcceptedTokens:
    """What opens a part that asks for the token in `file`. In memory: `look` reads, `accepts` compares."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._current = b""
        self._previous: list[PreviousToken] = []
        self._seen: tuple[object, ...] = ()

    def look(self) -> None:
        """Read what is new. While the file is missing or holds no token, what was known goes on to open."""
        seen = (_stamp(self._file), _stamp(previous_file(self._file)))
        if seen == self._seen or seen[0] is None:
            return
        try:
            current = provide_token(self._file).encode("ascii")
        except UnusableTokenFile:
            return
        self._previous = previous_tokens(self._file, datetime.now(UTC))
        self._current, self._seen = current, seen

    def accepts(self, presented: bytes) -> bool:
        """Whether it opens now; nothing never does."""
        now = datetime.now(UTC)
        valid = [self._current, *(one.token.encode("ascii") for one in self._previous if now < one.until)]
        # Each is compared, whichever is right: the time tells nothing.
        compared = [hmac.compare_digest(presented, token) for token in valid if token]
        return bool(presented) and any(compared)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _previous(line: str) -> PreviousToken | None:
    token, _, end = line.partition(" ")
    try:
        until = datetime.fromisoformat(end)
    except ValueError:
        return None
    return PreviousToken(token, until) if token and until.tzinfo is not None else None

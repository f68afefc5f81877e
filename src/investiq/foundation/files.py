"""Files that appear whole or not at all, and that nobody else may read from their first byte on.

One kind of them is a token file: a bearer token that two programs of one machine share, made once.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from investiq.foundation.errors import InvestIQError

__all__ = ["UnusableTokenFile", "private_draft", "provide_token", "replace_whole", "sync_folder"]

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,}")
"""At least 256 random bits; what an empty or cut-off file holds is none."""


class UnusableTokenFile(InvestIQError):
    """A token file cannot be read, cannot be written, or holds no token."""

    reason = "token_file"


@contextmanager
def private_draft(path: Path, text: str) -> Iterator[Path]:
    """A file beside `path` that holds `text`, mode 0600, on the disk; to be renamed or linked to `path`.

    What is left of it at the end is removed.
    """
    # O_EXCL: never write a secret through a link or into a file that somebody else prepared.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def replace_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Put `text` into `path`, wholly or not at all, and on the disk with its name when this returns.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    with private_draft(path, text) as draft:
        if mode != 0o600:  # which it has from its first byte
            draft.chmod(mode)
        draft.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk: without it, a power cut may undo a rename."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def provide_token(path: Path) -> str:
    """The token in `path`; a missing file is made with a new one, mode 0600, and whoever comes first wins.

    Raises:
        UnusableTokenFile: the file is empty or holds something else, or cannot be read or written.
    """
    try:
        if not path.exists():
            _make(path, secrets.token_urlsafe(32))
        token = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise UnusableTokenFile(f"{path} cannot be used: {error.strerror}. Its owner must be able to") from error
    if not _TOKEN.fullmatch(token):
        raise UnusableTokenFile(
            f"{path} holds no token (at least 43 letters, digits, - or _): delete it and restart, and a new one is made"
        )
    return token


def _make(path: Path, token: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A link, unlike a rename, never takes the place of one that another process has made meanwhile and already uses.
    with private_draft(path, token + "\n") as draft, suppress(FileExistsError):
        os.link(draft, path)

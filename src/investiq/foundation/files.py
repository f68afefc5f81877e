"""Files that appear whole or not at all, and that nobody else may read from their first byte on."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["private_draft"]


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

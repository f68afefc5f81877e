"""The supervisor's socket in `data_dir/run`: where it is, and how long a line of it may be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["LINE_LIMIT", "SOCKET", "socket_path"]

SOCKET = "control.sock"
LINE_LIMIT = 1 << 20


@contextmanager
def socket_path(folder: Path) -> Iterator[str]:
    """The socket's path by way of a file descriptor: the address of a Unix socket has 108 bytes, a data_dir may not."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)

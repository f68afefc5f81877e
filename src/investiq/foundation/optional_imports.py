"""Keeps a library from loading another that it only offers to work with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["as_if_missing"]


@contextmanager
def as_if_missing(*packages: str) -> Iterator[None]:
    """Import something within as if `packages` were not installed; those that are loaded already stay loaded."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is how Python is told so
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]

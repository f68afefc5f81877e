"""What an access includes: the API decides by it, and the console shows it."""

from __future__ import annotations

from investiq.foundation.vocabulary import Access

__all__ = ["covers"]

_ASCENDING = tuple(Access)


def covers(access: Access, needed: Access) -> bool:
    """Whether who has `access` may do what needs `needed`."""
    return _ASCENDING.index(access) >= _ASCENDING.index(needed)

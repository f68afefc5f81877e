"""Which files of a folder have changed and are at rest again. A file that is being written is left alone."""

from __future__ import annotations

from collections.abc import Mapping

from investiq.invest.market.price_cache import Identity

__all__ = ["FolderWatch"]


class FolderWatch:
    """Compares each look at the files with the one before: a change counts when two looks saw the same.

    Whoever looks every ten seconds hears of a change after ten to twenty, and of a file that grows all the time never.
    """

    def __init__(self) -> None:
        self._seen: dict[str, Identity | None] = {}

    def changed(self, looks: Mapping[str, Identity], known: Mapping[str, Identity]) -> set[str]:
        """The names of the files that are otherwise than `known` or gone, and were just so at the last look.

        Args:
            looks: what each file that is there looks like now.
        """
        seen: dict[str, Identity | None] = {**dict.fromkeys(known), **looks}
        at_rest = {
            name
            for name, look in seen.items()
            if look != known.get(name) and name in self._seen and self._seen[name] == look
        }
        self._seen = seen
        return at_rest

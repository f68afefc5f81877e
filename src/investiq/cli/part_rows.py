"""The table of parts."""

from __future__ import annotations

from collections.abc import Sequence

from investiq.operate.supervise.status import PartStatus

__all__ = ["part_rows"]


def part_rows(parts: Sequence[PartStatus]) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Columns and rows of the table of parts."""
    columns = ("part", "state", "port", "memory", "restarts", "note")
    return columns, [
        (part.name, part.state, part.port, _megabytes(part.memory_bytes), part.restarts, part.note or part.what)
        for part in parts
    ]


def _megabytes(size: int | None) -> str | None:
    return None if size is None else f"{size / 1_000_000:.0f} MB"

"""Rows as aligned text, for people and for `awk`."""

from __future__ import annotations

from collections.abc import Sequence

from investiq.foundation.foreign_text import visible

__all__ = ["aligned_table"]


def aligned_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The rows below their headings, numbers to the right, without borders; `-` stands for None.

    Each row is one line, whatever its cells hold: what a terminal acts upon is written out.
    """
    cells = [[visible(str(cell)) if cell is not None else "-" for cell in row] for row in rows]
    widths = [max(len(column), *(len(row[i]) for row in cells), 0) for i, column in enumerate(columns)]
    right = [bool(cells) and all(_is_number(row[i]) for row in cells) for i in range(len(columns))]

    def line(row: Sequence[str]) -> str:
        parts = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True))
        return "  ".join(parts).rstrip()

    return "\n".join([line([column.upper() for column in columns]), *map(line, cells)])


def _is_number(text: str) -> bool:
    return text == "-" or text.replace(",", "").replace(".", "", 1).lstrip("+-$").rstrip("%").isdigit()

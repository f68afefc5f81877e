"""How large the user's files may be. All that is read of them is bounded here, and with it the time that it takes.

A century of daily bars has 25,000 rows in 3 MB; a file at the bounds is read in some seconds.
"""

from __future__ import annotations

__all__ = [
    "LONGEST_CELL",
    "LONGEST_NUMBER",
    "MOST_BARS",
    "MOST_BYTES",
    "MOST_COLUMNS",
    "MOST_FILES",
    "MOST_PUBLICATIONS",
    "MOST_UNPACKED_BYTES",
    "rows_under",
]

MOST_FILES = 20_000
"""Files of prices in a folder; the United States list some 11,000 symbols."""

MOST_BYTES = 64 * 2**20
"""Of one file."""

MOST_UNPACKED_BYTES = 256 * 2**20
"""Of one Parquet file, once it is no longer compressed."""

MOST_BARS = 50_000
"""Two centuries of sessions."""

MOST_PUBLICATIONS = 500_000
"""Headlines, or reports of figures."""

MOST_COLUMNS = 250
_MOST_CELLS = 5_000_000

LONGEST_CELL = 10_000
"""Characters."""

LONGEST_NUMBER = 100
"""Characters: a float with all its decimals has 55."""


def rows_under(columns: int, most_rows: int) -> int:
    """How many rows a table of so many columns may have, when it may have `most_rows` of a few columns."""
    return min(most_rows, _MOST_CELLS // max(columns, 1))

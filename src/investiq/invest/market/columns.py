"""Names of columns as the sellers of data write them: which of them are one, and which are nearly one that is known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = ["UnusedColumn", "column_key", "nearest_name"]

_NUMBERED = re.compile(r"\s*\d+\.\s")
"""Before a name, as in `5. adjusted close` of Alpha Vantage."""

_NEAR = 0.8


@dataclass(frozen=True, slots=True)
class UnusedColumn:
    """A column that is not read.

    Attributes:
        like: the known name that it is nearly called; empty where it is like none.
    """

    file: str
    name: str
    like: str


def column_key(name: str) -> str:
    """What a column is called, spelling aside: `Adj. Close**`, `adjClose`, `<ADJ_CLOSE>` and `5. adj close` are one."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(filter(str.isalnum, _NUMBERED.sub("", text, count=1)))


def nearest_name(column: str, known: Iterable[str]) -> str:
    """The one of the `known` names that `column` is nearly called; empty where there is none."""
    names: Mapping[str, str] = {column_key(name): name for name in known}
    near = get_close_matches(column_key(column), names, n=1, cutoff=_NEAR)
    return names[near[0]] if near else ""

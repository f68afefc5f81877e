"""Values of queries, which are text."""

from __future__ import annotations

import re
from typing import Final

from pydantic import BeforeValidator

__all__ = ["LARGEST_CURSOR", "digits"]

LARGEST_CURSOR: Final = 2**63 - 1
"""Beyond it, the database has no number for it."""


def _digits(value: object) -> object:
    """Pydantic alone would take `1_0`, `+10` and blanks."""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]+", value):
        raise ValueError(f"{value!r} is not a whole number such as 10")
    return value


digits: Final = BeforeValidator(_digits)
"""Of an int, behind its bounds: OpenAPI tells only what stands before."""

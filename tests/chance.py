"""How long tests look for a counter-example: a glance by default, and for long in `make proof-random`."""

from __future__ import annotations

import os

__all__ = ["DEEP", "examples"]

DEEP = os.environ.get("INVESTIQ_TESTS") == "deep"
"""Whether every case is tried, and twenty times as many made-up ones."""


def examples(number: int) -> int:
    """So many made-up cases, or twenty times as many."""
    return number * 20 if DEEP else number

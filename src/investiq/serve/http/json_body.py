"""What JSON leaves open and we refuse: a key that is there twice, a number that is none, nesting without end.

Readers of JSON differ over all three, and most take the last of two values: who checks a request and who carries it out
may then see different orders.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

__all__ = ["json_fault"]


class _Fault(Exception):
    """It is JSON, and refused."""


def json_fault(body: bytes) -> str | None:
    """What is wrong with a JSON text; None when nothing is, and when it is no JSON: its reader says so better."""
    try:
        json.loads(body, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)
    except _Fault as fault:
        return str(fault)
    except RecursionError:
        return "it is nested too deeply"
    except ValueError:
        return None
    return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Fault(f"the key {twice[:100]!r} is there twice: say it once")
    return members


def _refuse_constant(word: str) -> NoReturn:
    raise _Fault(f"{word} is no number of JSON: leave it out, or write a number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _Fault(f"the number {text[:40]} is too large")
    return number

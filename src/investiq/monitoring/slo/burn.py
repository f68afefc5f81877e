"""The windows in which budgets burn, and how fast is too fast: read from windows.toml, which names its source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

from investiq.promql import duration

__all__ = ["PAGES", "PAIRS", "TICKETS", "WINDOWS", "AlertUrgency", "Pair"]


class AlertUrgency(StrEnum):
    """Whom a pair of windows tells: a page somebody now, a ticket somebody tomorrow."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Pair:
    """A long and a short window, such as `1h` and `5m`, and the burn rate above which both are too fast.

    Attributes:
        budget: share of a budget of thirty days that is spent when the long window gets there.
    """

    tells: AlertUrgency
    short: str
    long: str
    factor: float
    budget: float


def _read() -> list[dict[str, Any]]:
    pairs: list[dict[str, Any]]
    pairs = tomllib.loads((resources.files("investiq.monitoring.slo") / "windows.toml").read_text("utf-8"))["pairs"]
    return pairs


PAIRS: tuple[Pair, ...] = tuple(Pair(AlertUrgency(pair.pop("tells")), **pair) for pair in _read())
PAGES = tuple(pair for pair in PAIRS if pair.tells is AlertUrgency.PAGE)
TICKETS = tuple(pair for pair in PAIRS if pair.tells is AlertUrgency.TICKET)

WINDOWS: tuple[str, ...] = tuple(
    sorted({window for pair in PAIRS for window in (pair.short, pair.long)}, key=duration.parse)
)
"""Every window, the shortest first."""

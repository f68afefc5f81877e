"""The windows in which budgets burn, and how fast is too fast: read from windows.toml, which names its source.

A budget that burns at rate 1 lasts for thirty days. When 2 % of it may go in an hour before somebody is paged, it may
burn 0.02 * 720 h / 1 h = 14.4 times as fast: that is the factor of the pair of 1h and 5m. With an objective of 99.9 %,
the budget is 0.1 % of all events, so that somebody is paged when more than 14.4 * 0.1 % = 1.44 % of the events of an
hour, and of the last five minutes, are bad. When all are bad, the budget burns 1 / 0.1 % = 1000 times as fast, and the
hour gets there within 14.4 / 1000 * 3600 s = 52 s. When none are bad any more, the short window says so after five
minutes; the long one would take most of an hour.
"""

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
        budget: share of a budget of thirty days that is spent when the long window gets there: factor * long / 30 days.
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

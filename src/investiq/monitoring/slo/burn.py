"""The windows in which budgets burn, and how fast is too fast: read from windows.toml, which names its source.

A budget that burns at rate 1 lasts for thirty days. When 2 % of it may go in an hour before somebody is paged, it may
burn 0.02 * 720 h / 1 h = 14.4 times as fast: that is the factor of the pair of 1h and 5m. With an objective of 99.9 %,
the budget is 0.1 % of all events, so that somebody is paged when more than 14.4 * 0.1 % = 1.44 % of the events of an
hour, and of the last five minutes, are bad. When all are bad, the budget burns 1 / 0.1 % = 1000 times as fast, and the
hour gets there within 14.4 / 1000 * 3600 s = 52 s. When none are bad any more, the short window says so after five
minutes; the long one would take most of an hour.

An objective of 80 % lets a fifth of all events be bad. When all are, its budget burns 1 / 20 % = 5 times as fast as it
may: 14.4 is out of reach, and 6 too. For such an objective a factor is half-way between 1 and the fastest burn, 3 here:
three fifths of all events are bad.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from importlib import resources
from typing import Any

from investiq.promql import duration
from investiq.promql.number import number_text

__all__ = [
    "PAGES",
    "PAIRS",
    "TICKETS",
    "WINDOWS",
    "AlertUrgency",
    "Pair",
    "fastest_burn",
    "lower_limits",
    "pairs_for",
]


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

    @property
    def limit(self) -> str:
        """The factor as text."""
        return number_text(self.factor)

    @property
    def least_objective(self) -> float:
        """The objective below which the factor is lower, so that it stays in reach."""
        return max(0.0, 1 - 1 / (2 * self.factor - 1))

    def for_objective(self, objective: Decimal) -> Pair:
        """The pair with a factor that an objective's budget can burn at."""
        reachable = ((1 + fastest_burn(objective)) / 2).quantize(Decimal("0.01"), ROUND_DOWN)
        if self.factor <= reachable:
            return self
        return replace(self, factor=float(reachable), budget=self.budget * float(reachable) / self.factor)


def fastest_burn(objective: Decimal) -> Decimal:
    """How many times as fast as it may a budget burns when every event is bad."""
    return 1 / (1 - objective)


def pairs_for(objective: Decimal, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """`pairs` as they are for an objective."""
    return tuple(pair.for_objective(objective) for pair in pairs)


def lower_limits(objective: Decimal) -> str | None:
    """In words, which factors are lower for an objective; None where none is."""
    lower = [(pair, own) for pair, own in zip(PAIRS, pairs_for(objective, PAIRS), strict=True) if own != pair]
    if not lower:
        return None
    told = {AlertUrgency.PAGE: "pages", AlertUrgency.TICKET: "opens a ticket"}
    parts = (f"{told[pair.tells]} above {own.limit} over {pair.long} (not {pair.limit})" for pair, own in lower)
    fastest = number_text(round(float(fastest_burn(objective)), 1))
    return f"its burn rate is at most {fastest}, so it {', and '.join(parts)}"


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

"""What an engine is: it reads one snapshot and gives a verdict, or says why it cannot.

An engine that computes has a plain `assess` and is run in a thread; one that waits for a network has an `async` one and
is awaited. Both get the same frozen snapshot and hold no state between two analyses.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from investiq.invest.analysis.snapshot import Snapshot

__all__ = [
    "Answer",
    "Engine",
    "MetricValue",
    "Steady",
    "Unavailable",
    "Verdict",
    "finite",
    "history_inputs",
    "missing_history",
]

MetricValue = float | str | None

LONGEST_CLOSURE = timedelta(days=10)
"""Prices whose last session is further back are not of today. The longest closure of the New York Stock Exchange in
living memory, in September 2001, put seven days between two sessions."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an engine found.

    Attributes:
        score: -1 (sell) to 1 (buy).
        confidence: 0 to 1, how far the engine itself trusts `score`.
        metrics: the numbers behind it; None where a number does not exist for these prices.

    Raises:
        ValueError: a number is NaN, infinite or out of its bounds; it must never leave the engine.
    """

    score: float
    confidence: float
    metrics: Mapping[str, MetricValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not -1 <= self.score <= 1:
            raise ValueError(f"a score is a number from -1 to 1, not {self.score}")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"a confidence is a number from 0 to 1, not {self.confidence}")
        for name, value in self.metrics.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"metric {name} is {value}: an engine gives a finite number or None")


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The engine has nothing to go by.

    Attributes:
        reason: tells people what is missing, and how much of it.
        passing: whether it may be over at any moment, with the same inputs: whom the engine asks does not answer.
    """

    reason: str
    passing: bool = False


Answer = Verdict | Unavailable


@dataclass(frozen=True, slots=True)
class Steady:
    """Inputs that stay as they are while the market's step lasts (`Market.moment`): nobody need ask for them again."""

    inputs: Hashable


class Engine(Protocol):
    """One way of looking at a symbol. `name` is its key in the weights and its metric label."""

    @property
    def name(self) -> str: ...

    def assess(self, snapshot: Snapshot) -> Answer | Awaitable[Answer]:
        """The verdict on `snapshot.symbol` at `snapshot.as_of`, from nothing later than that."""
        ...

    def inputs(self, snapshot: Snapshot) -> Hashable:
        """All that the answer follows from besides the symbol: as long as it is equal, an answer holds.

        Quick, since it is asked for each analysis, unless it is `Steady`. None: ask the engine each time.
        """
        ...


def missing_history(snapshot: Snapshot, needed: int) -> Unavailable | None:
    """Why the bars of `snapshot` are not enough for an engine that needs `needed` of them; None when they are."""
    if len(snapshot.bars) < needed:
        return Unavailable(f"needs {needed} completed sessions and there are {len(snapshot.bars)}")
    last = snapshot.bars.session(-1)
    if snapshot.as_of.date() - last > LONGEST_CLOSURE:
        return Unavailable(f"the prices end with the session of {last}, and now it is {snapshot.as_of.date()}")
    return None


def history_inputs(snapshot: Snapshot) -> Steady:
    """The `inputs` of an engine that reads the bars of the snapshot, and nothing else."""
    last = snapshot.bars.session(-1) if snapshot.bars else None
    today = snapshot.as_of.date()
    ended = last is not None and today - last > LONGEST_CLOSURE  # `missing_history` then names the day
    return Steady((snapshot.version, last, today if ended else None))


def finite(value: float) -> float | None:
    """`value` as a plain float, or None where it is NaN or infinite: a ratio that does not exist."""
    number = float(value)
    return number if math.isfinite(number) else None

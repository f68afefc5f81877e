"""The common form of the benchmarks: rows of figures, one for each round, beside a peer's and a goal.

A benchmark is a module of this folder that calls `main`. A row that has a goal is judged by the median over the rounds.
The noise is what the rounds themselves show: half the interquartile range of the figure that is judged.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from math import log
from typing import Any, Literal

__all__ = ["Curve", "Met", "Report", "Rounds", "Row", "cells", "exponent", "main", "note", "shown"]


class Met(StrEnum):
    """What became of a goal."""

    YES = "yes"
    WITHIN_NOISE = "within noise"
    NO = "no"
    NO_GOAL = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison.

    Attributes:
        ours, peer: a figure for each round, in `unit`; the n-th of both were measured in the same round.
        goal: of the ratio ours / peer, or of our figure alone; see `goal_of`.
        not_compared: what the figures leave out, or what only one side does.
        command: measures this row alone.
    """

    name: str
    unit: str
    ours: Sequence[float]
    not_compared: str
    command: str
    peer_name: str = ""
    peer: Sequence[float] = ()
    goal: float | None = None
    goal_of: Literal["ratio", "ours"] = "ratio"
    better: Literal["lower", "higher"] = "lower"

    def __post_init__(self) -> None:
        if not self.ours or not self.not_compared or bool(self.peer) != bool(self.peer_name):
            raise ValueError(f"{self.name}: a row has figures, says what is not compared, and names the peer it has")
        if self.peer and len(self.peer) != len(self.ours):
            raise ValueError(f"{self.name}: {len(self.ours)} rounds of ours, {len(self.peer)} of {self.peer_name}")
        if self.goal is not None and self.goal_of == "ratio" and not self.peer:
            raise ValueError(f"{self.name}: the goal is a ratio, and there is no peer")

    @property
    def ratio(self) -> float | None:
        """The median over the rounds of ours / peer in the same round."""
        return statistics.median(self._ratios()) if self.peer else None

    @property
    def noise(self) -> float:
        """How far the judged figure is spread over the rounds."""
        return half_interquartile_range(self._judged())

    @property
    def met(self) -> Met:
        if self.goal is None:
            return Met.NO_GOAL
        found = statistics.median(self._judged())
        missed_by = found - self.goal if self.better == "lower" else self.goal - found
        if missed_by <= 0:
            return Met.YES
        return Met.WITHIN_NOISE if missed_by <= self.noise else Met.NO

    def _ratios(self) -> list[float]:
        return [ours / peer for ours, peer in zip(self.ours, self.peer, strict=True)]

    def _judged(self) -> Sequence[float]:
        return self.ours if self.goal_of == "ours" or not self.peer else self._ratios()


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How a figure grows: `values[i]` at `sizes[i]` of `of`."""

    name: str
    unit: str
    of: str
    sizes: Sequence[int]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Report:
    """What a benchmark found."""

    rows: Sequence[Row]
    curves: Sequence[Curve] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {"rows": [asdict(row) for row in self.rows], "curves": [asdict(curve) for curve in self.curves]}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Report:
        return cls([Row(**row) for row in document["rows"]], [Curve(**curve) for curve in document["curves"]])


@dataclass(frozen=True, slots=True)
class Rounds:
    """Counts the rounds of a benchmark, and says on stderr which one runs."""

    name: str
    count: int
    quick: bool = False

    def __iter__(self) -> Iterator[int]:
        for number in range(1, self.count + 1):
            note(f"{self.name}: round {number} of {self.count}")
            yield number
        note("")


def note(text: str) -> None:
    """A line of progress that the next one replaces on a terminal; elsewhere a line of its own."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def half_interquartile_range(figures: Sequence[float]) -> float:
    """0 for a single figure, which shows no spread."""
    if len(figures) < 2:
        return 0.0
    first, _, third = statistics.quantiles(figures, n=4, method="inclusive")
    return (third - first) / 2


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """b of the power law `values ~ sizes ** b` that fits best: the slope of the logarithms by least squares."""
    return statistics.linear_regression([log(size) for size in sizes], [log(value) for value in values]).slope


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """Ours, peer, ratio, goal and met, as they are shown."""
    sign = "≤" if row.better == "lower" else "≥"
    unit = f" {row.unit}" if row.goal_of == "ours" and row.unit else ""
    return (
        shown(statistics.median(row.ours), row.unit),
        f"{row.peer_name} {shown(statistics.median(row.peer), row.unit)}" if row.peer else "",
        "" if row.ratio is None else f"{row.ratio:.2f}",
        "" if row.goal is None else f"{sign} {row.goal:g}{unit}",
        row.met.value,
    )


def shown(figure: float, unit: str) -> str:
    """Three significant digits, thousands apart; two decimals of a figure without a unit, such as an exponent."""
    if not unit:
        return f"{round(figure, 2) + 0:.2f}"  # + 0: never -0.00
    number = f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"
    return f"{number} {unit}".rstrip()


def main(name: str, description: str | None, measure: Callable[[Rounds], Report], *, rounds: int, quick: int) -> None:
    """The command line of a benchmark: measures, and prints its table, or with --json its report."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, help=f"default: {rounds}")
    parser.add_argument("--quick", action="store_true", help=f"{quick} rounds")
    parser.add_argument("--json", action="store_true", help="print the report that `make bench` reads")
    options = parser.parse_args()
    count = options.rounds or (quick if options.quick else rounds)
    if count < 1:
        parser.error(f"argument --rounds: {count} rounds measure nothing: give at least 1")
    with redirect_stdout(sys.stderr):  # what is measured may log; the report stands alone
        report = measure(Rounds(name, count, options.quick))
    if options.json:
        print(json.dumps(report.to_json()))
        return
    for row in report.rows:
        print(*filter(None, [row.name, *cells(row)]), sep="  ")
        print(f"  not compared: {row.not_compared}")
    for curve in report.curves:
        print(f"{curve.name}: exponent {exponent(curve.sizes, curve.values):.2f}")

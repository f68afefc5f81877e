"""Renders the results of `make bench`: the table on the screen, and docs/performance.md from docs/performance.json."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.rows import Curve, Met, Report, Row, cells, exponent, shown

__all__ = ["read", "render", "table"]

_HEAD = ("row", "ours", "peer", "ratio", "goal", "met")
_INTRODUCTION = """\
# Performance

`make bench` measures each row beside its peer in this repository's own benchmarks (`benchmarks/`), in rounds that take
turns, so that a busy moment of the machine hits both alike. Figures are medians over the rounds; the ratio is the
median of ours / peer in the same round. A goal that is missed by less than half the interquartile range of what the
rounds found is *within noise*; `make bench` exits with 1 when one is missed by more. This page is rendered from
`docs/performance.json`; do not edit it.
"""


def read(document: dict[str, Any]) -> tuple[list[Row], list[Curve]]:
    """All rows and all curves of the results."""
    reports = [Report.from_json(found) for found in document["benchmarks"].values()]
    return [row for report in reports for row in report.rows], [c for report in reports for c in report.curves]


def table(rows: Iterable[Row]) -> str:
    """The table as text, and what each row does not compare."""
    listed = list(rows)
    lines = [_HEAD, *((row.name, *cells(row)) for row in listed)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    text = "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)
    missed = [row.name for row in listed if row.met is Met.NO]
    verdict = f"goals missed: {', '.join(missed)}" if missed else "no goal is missed"
    return f"{text}\n\nnot compared:\n{_not_compared(listed)}\n\n{verdict}"


def render(document: dict[str, Any]) -> str:
    """The page."""
    rows, curves = read(document)
    parts = [_INTRODUCTION, _machine(document["run"]), "## Ours beside the peers\n", _markdown_table(rows)]
    parts += ["### What is not compared\n", _not_compared(rows) + "\n"]
    if curves:
        parts += [_growth(curves)]
    parts += ["## Measure one yourself\n", _commands(rows)]
    return "\n".join(parts)


def _machine(run: dict[str, str]) -> str:
    return "".join(f"- {name}: {value}\n" for name, value in run.items())


def _markdown_table(rows: Iterable[Row]) -> str:
    lines = [_HEAD, ("---",) * len(_HEAD), *((row.name, *cells(row)) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _not_compared(rows: Iterable[Row]) -> str:
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        alike[row.not_compared].append(row.name)
    return "\n".join(f"- {'; '.join(names)}: {text}" for text, names in alike.items())


def _growth(curves: Sequence[Curve]) -> str:
    lines = [
        "## Growth\n",
        "The exponent b of `figure ~ size ** b`, fitted to logarithms: 0 does not grow, 1 grows as the size does.\n",
        "![Time, memory and series over the size of what is kept](images/growth.png)\n",
        "| curve | of | figures | exponent |\n| --- | --- | --- | --- |",
        *(f"| {c.name} | {_sizes(c)} | {_values(c)} | {shown(exponent(c.sizes, c.values), '')} |" for c in curves),
    ]
    return "\n".join(lines) + "\n"


def _sizes(curve: Curve) -> str:
    return f"{' · '.join(f'{size:,}' for size in curve.sizes)} {curve.of}"


def _values(curve: Curve) -> str:
    figures = [shown(value, curve.unit).removesuffix(f" {curve.unit}") for value in curve.values]
    return f"{' · '.join(figures)} {curve.unit}"


def _commands(rows: Iterable[Row]) -> str:
    commands = dict.fromkeys(row.command for row in rows)
    return "".join(f"    .venv-bench/bin/{command}\n" for command in commands)

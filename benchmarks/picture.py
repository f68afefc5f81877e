"""Draws the growth curves as one picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.rows import Curve, exponent, shown

__all__ = ["draw"]

_COLUMNS = 2


def draw(curves: Sequence[Curve], path: Path) -> None:
    """A panel for each unit of each subject, both axes logarithmic; nothing when there are no curves."""
    panels: defaultdict[tuple[str, str], list[Curve]] = defaultdict(list)
    for curve in curves:
        panels[curve.of, curve.unit].append(curve)
    if not panels:
        return
    rows = -(-len(panels) // _COLUMNS)
    with mpl.rc_context({"font.size": 8, "svg.hashsalt": "growth"}):
        figure = Figure(figsize=(12, 4 * rows), layout="constrained")
        axes = list(figure.subplots(rows, _COLUMNS, squeeze=False).flat)
        for axis, ((of, unit), drawn) in zip(axes, panels.items(), strict=False):
            _panel(axis, of, unit, drawn)
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
        figure.savefig(path, dpi=110, metadata={"Software": None})


def _panel(axis: Axes, of: str, unit: str, curves: Sequence[Curve]) -> None:
    for curve in curves:
        name = curve.name.partition(":")[0]
        label = f"{name} ({shown(exponent(curve.sizes, curve.values), '')})"
        axis.loglog(curve.sizes, curve.values, marker="o", label=label)
    kind = {"ms": "processor time", "KiB": "peak memory"}.get(unit, unit)
    axis.set(title=f"{kind} over {of} (exponent)", xlabel=of, ylabel=unit)
    axis.grid(visible=True, alpha=0.3)
    axis.legend()

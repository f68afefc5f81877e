"""What Prometheus answers to a panel: one line for each series, over a span of time and as it is now."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from investiq.clients.prometheus import Point, RangeSeries, Sample
from investiq.foundation.contract.panels import PanelDocument, PanelsDocument, PanelView
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources

__all__ = ["POLL_SECONDS", "SPANS", "PlottedSeries", "Span", "TimeGrid", "highest", "query_panel", "time_grid"]

POLL_SECONDS = 10
SCRAPE_SECONDS = 15
"""The longest time between two scrapes that leaves no gap in a picture; ours are five seconds apart."""

_LABEL = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Span:
    """A time that is shown, and the seconds between its samples.

    Attributes:
        fine_step: for states, of which a short one must not fall between two samples.
    """

    seconds: int
    step: int
    fine_step: int


SPANS: Mapping[str, Span] = {
    "15 min": Span(900, 10, 10),
    "1 h": Span(3_600, 30, 10),
    "6 h": Span(21_600, 180, 30),
    "24 h": Span(86_400, 720, 60),
}


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """The moments that are drawn.

    Attributes:
        times: Unix seconds, ascending: multiples of the step, so that each poll shows the same samples again and
            the lines do not tremble; and the moment of the last poll, so that what is new does not wait for a step.
    """

    start: int
    end: int
    step: int
    now: int

    @property
    def times(self) -> Sequence[int]:
        grid = range(self.start, self.end + 1, self.step)
        return grid if self.end == self.now else (*grid, self.now)

    @property
    def window_seconds(self) -> int:
        """Of a rate: four scrapes at least, and no time between two samples that is in none."""
        return max(4 * SCRAPE_SECONDS, self.step + SCRAPE_SECONDS)


@dataclass(frozen=True, slots=True)
class PlottedSeries:
    """One series of a panel.

    Attributes:
        query: the place of its query in the panel.
        points: ascending; none for views that show the present only.
        latest: its value now; None when it has none any more.
    """

    name: str
    query: int
    labels: Mapping[str, str]
    points: Sequence[Point]
    latest: float | None

    @property
    def key(self) -> str:
        """Names it among the lines of its panel."""
        return f"{self.query} " + " ".join(f"{name}={value}" for name, value in sorted(self.labels.items()))


def time_grid(span: Span, view: PanelView, now: float | None = None) -> TimeGrid:
    """The moments of `span` that a panel of `view` shows."""
    latest = int(time.time() if now is None else now) // POLL_SECONDS * POLL_SECONDS
    step = span.fine_step if view is PanelView.STATES else span.step
    end = latest // step * step
    return TimeGrid(end - span.seconds, end, step, latest)


async def query_panel(
    sources: Sources, document: PanelsDocument, panel: PanelDocument, grid: TimeGrid
) -> list[PlottedSeries] | SourceUnavailable:
    """The lines of all queries of the panel, by query and name; the first query without an answer speaks for all."""
    expressions = [document.expand_variables(query.expr, grid.window_seconds) for query in panel.queries]
    answers = await asyncio.gather(*(_asked(sources, panel.view, expr, grid) for expr in expressions))
    lines: list[PlottedSeries] = []
    for place, answer in enumerate(answers):
        if isinstance(answer, SourceUnavailable):
            return answer
        legend = panel.queries[place].legend
        told = [_line(place, legend, series, grid.now) for series in answer if series.points]
        lines += sorted(told, key=lambda line: _natural(line.name))
    return lines


async def _asked(sources: Sources, view: PanelView, expr: str, grid: TimeGrid) -> list[RangeSeries] | SourceUnavailable:
    if view in (PanelView.NUMBER, PanelView.TABLE):
        latest = await sources.latest(expr, grid.now)
        return latest if isinstance(latest, SourceUnavailable) else _joined((), latest)
    history = sources.history(expr, grid.start, grid.end, grid.step)
    if grid.end == grid.now:
        return await history
    past, present = await asyncio.gather(history, sources.latest(expr, grid.now))
    if isinstance(past, SourceUnavailable):
        return past
    return present if isinstance(present, SourceUnavailable) else _joined(past, present)


def _joined(past: Sequence[RangeSeries], present: Sequence[Sample]) -> list[RangeSeries]:
    """Each series of the past with what it is now, and those that are new."""
    joined = {tuple(sorted(series.labels.items())): series for series in past}
    for sample in present:
        key = tuple(sorted(sample.labels.items()))
        before = joined[key].points if key in joined else ()
        now = [Point(int(sample.at), sample.value)] if math.isfinite(sample.value) else []
        joined[key] = RangeSeries(sample.labels, [*before, *now])
    return list(joined.values())


def _line(place: int, legend: str, series: RangeSeries, now: int) -> PlottedSeries:
    name = _LABEL.sub(lambda found: series.labels.get(found[1], ""), legend).strip()
    shown = {label: value for label, value in series.labels.items() if label != "__name__"}
    last = series.points[-1] if series.points else None
    latest = last.value if last is not None and last.at == now else None
    return PlottedSeries(name or ", ".join(shown.values()), place, shown, series.points, latest)


def _natural(name: str) -> list[tuple[int, float, str]]:
    """Sorts `p9` before `p50`."""
    pieces = re.split(r"(\d+(?:\.\d+)?)", name)
    return [(0, float(piece), "") if odd % 2 else (1, 0.0, piece) for odd, piece in enumerate(pieces)]


def highest(lines: Sequence[PlottedSeries], limit: int) -> list[PlottedSeries]:
    """At most `limit` lines, those with the highest latest values, in the order in which they were."""
    if len(lines) <= limit:
        return list(lines)
    ranked = sorted(lines, key=lambda line: line.latest if line.latest is not None else float("-inf"), reverse=True)
    kept = {line.key for line in ranked[:limit]}
    return [line for line in lines if line.key in kept]

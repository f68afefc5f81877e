"""The indicator of an OpenSLO v1 document as PromQL: good or bad events, and all events, a second."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from investiq.monitoring.slo.builtin import is_one_series
from investiq.monitoring.slo.burn import PAGES
from investiq.monitoring.slo.indicators import RATE_WINDOW
from investiq.monitoring.slo.openslo_document import (
    DataSource,
    Document,
    Indicator,
    Metadata,
    Metric,
    RatioMetric,
    SloSpec,
)
from investiq.promql import duration
from investiq.promql.parse import ParseError, parse
from investiq.promql.tree import Aggregation, Call, Node, Selector, Subquery, nodes

__all__ = ["ImportNotes", "events_of"]

Documents = Mapping[tuple[str, str], Document[Any]]
"""By kind and name."""

_LONGEST = min(duration.parse(pair.long) for pair in PAGES)
_OF_COUNTERS = ("_total", "_count", "_sum", "_bucket")


@dataclass(frozen=True, slots=True)
class ImportNotes:
    """What is told of a file.

    Attributes:
        faults: why it cannot be imported.
        notes: what is left out, and where.
    """

    faults: list[str] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)

    def note(self, what: str, where: str) -> None:
        """Say that something is left out."""
        self.notes.setdefault(what, []).append(where)

    def note_metadata(self, metadata: Metadata, where: str, kept: Collection[str] = ()) -> None:
        """Say what of the metadata is left out: all but the name and the annotations `kept`."""
        if metadata.labels:
            self.note("labels are not kept", where)
        for key in metadata.annotations or {}:
            if key not in kept:
                self.note("annotations are not kept", f"{where} {key}")


def events_of(spec: SloSpec, known: Documents, told: ImportNotes, where: str) -> dict[str, str]:
    """The PromQL by `good` or `bad`, and `total`; empty after a fault.

    Args:
        known: what the SLO may refer to.
        where: names the SLO in messages.
    """
    return _Events(known, told).events(spec, where)


@dataclass(frozen=True, slots=True)
class _Events:
    known: Documents
    told: ImportNotes

    def events(self, spec: SloSpec, where: str) -> dict[str, str]:
        ratio = self._ratio(spec, where)
        if ratio is None:
            return {}
        if ratio.raw is not None or ratio.raw_type is not None:
            self.told.faults.append(f"{where}: a raw ratio is not supported: give good or bad, and total")
            return {}
        if (ratio.good is None) == (ratio.bad is None) or ratio.total is None:
            self.told.faults.append(f"{where}: ratioMetric needs total, and either good or bad")
            return {}
        parts = {"good": ratio.good, "bad": ratio.bad, "total": ratio.total}
        queries = {key: self._query(metric, f"{where} {key}") for key, metric in parts.items() if metric is not None}
        events = {key: self._rated(query, ratio.counter, f"{where} {key}") for key, query in queries.items() if query}
        measured = {key: tree for key, tree in events.items() if tree is not None}
        self._compare(measured, where)
        return {key: str(tree) if ratio.counter else queries[key] or "" for key, tree in measured.items()}

    def _ratio(self, spec: SloSpec, where: str) -> RatioMetric | None:
        indicator = self._indicator(spec, where)
        if indicator is None:
            return None
        if indicator.threshold_metric is not None:
            self.told.faults.append(f"{where}: a thresholdMetric is not supported: expected a ratioMetric of events")
        elif indicator.ratio_metric is None:
            self.told.faults.append(f"{where}: its indicator has no ratioMetric")
        return indicator.ratio_metric

    def _indicator(self, spec: SloSpec, where: str) -> Indicator | None:
        inline, ref = spec.indicator, spec.indicator_ref
        if (inline is None) == (ref is None):
            self.told.faults.append(f"{where}: it needs either indicator or indicatorRef")
            return None
        if inline is not None:
            if inline.metadata is not None:
                self.told.note_metadata(inline.metadata, f"{where} indicator")
            if inline.spec.description:
                self.told.note("descriptions are kept of SLOs alone", f"{where} indicator")
            return inline.spec
        referred: Document[Indicator] | None = self.known.get(("SLI", ref or ""))
        if referred is None:
            self.told.faults.append(f"{where}: indicatorRef {ref!r} names no SLI of this file")
            return None
        return referred.spec

    def _query(self, metric: Metric, here: str) -> str | None:
        source, ref = metric.metric_source, metric.metric_source.metric_source_ref
        referred: Document[DataSource] | None = self.known.get(("DataSource", ref or ""))
        if ref is not None and referred is None:
            self.told.faults.append(f"{here}: metricSourceRef {ref!r} names no DataSource of this file")
            return None
        kind = source.type or (referred.spec.type if referred else None)
        if str(kind).lower() != "prometheus":
            self.told.faults.append(f"{here}: its metricSource is of type {kind!r}, expected Prometheus")
            return None
        if ref is not None:
            self.told.note(f"the Prometheus of InvestIQ is asked, not the data source {ref}", here)
        settings = source.spec or {}
        unknown = settings.keys() - {"query"}
        self.told.faults.extend(
            f"{here}: {key!r} is not a field of a Prometheus metricSource.spec" for key in sorted(unknown, key=str)
        )
        query = settings.get("query")
        if not isinstance(query, str):
            self.told.faults.append(f"{here}: metricSource.spec.query is missing: expected PromQL")
            return None
        return query.strip()

    def _rated(self, query: str, counter: bool, where: str) -> Node | None:
        """Events a second; of a counter its rate."""
        try:
            tree = parse(query)
        except ParseError as error:
            self.told.faults.append(f"{where}: {error.message}")
            return None
        if counter:
            return self._rate(tree, where)
        self._note_windows(tree, where)
        self._note_counters(tree, where)
        self._note_series(tree, where)
        return tree

    def _rate(self, tree: Node, where: str) -> Node | None:
        match tree:
            case Selector(window=None):
                return _rate(tree)
            case Aggregation("sum", Selector(window=None) as inside):
                self._note_series(tree, where)
                return Aggregation("sum", _rate(inside), tree.grouping)
        self.told.faults.append(
            f"{where}: of a counter (counter: true) only a selector or its sum is understood; write the rate yourself, "
            f"such as sum(rate(x_total[{RATE_WINDOW}])), with counter: false"
        )
        return None

    def _note_series(self, tree: Node, where: str) -> None:
        if not is_one_series(tree):
            self.told.note("the series are summed up, whatever labels tell them apart: an SLO is one series", where)

    def _note_windows(self, tree: Node, where: str) -> None:
        """Over a longer window than the alerts look back, they see a fault late, or never."""
        windows = {node.window for node in nodes(tree) if isinstance(node, Selector | Subquery) and node.window}
        for window in sorted(windows):
            written = f"[{duration.format(window)}]"
            if window > _LONGEST:
                decided = f"pages are decided over {duration.format(_LONGEST)}, so that none could come in time"
                self.told.faults.append(f"{where}: {written} is too long: {decided}; write [{RATE_WINDOW}]")
            elif window > duration.parse(RATE_WINDOW):
                what = f"over a window longer than {RATE_WINDOW}, alerts come later than they could"
                self.told.note(what, f"{where} {written}")

    def _note_counters(self, tree: Node, where: str) -> None:
        counters = (node.name for node in nodes(tree) if isinstance(node, Selector) and node.window is None)
        for name in dict.fromkeys(name for name in counters if name and name.endswith(_OF_COUNTERS)):
            what = "a counter without rate() is taken for events a second, since the file does not say counter: true"
            self.told.note(what, f"{where} {name}")

    def _compare(self, events: Mapping[str, Node], where: str) -> None:
        """An increase is as many times the rate as its window has seconds: of one kind both, or their ratio is none."""
        increases = {key: _increases(tree) for key, tree in events.items()}
        if not any(increases.values()):
            return
        if len(set(increases.values())) > 1:
            how = ", ".join(f"{key} is {_told(windows)}" for key, windows in increases.items())
            self.told.faults.append(f"{where}: {how}: expected both as rate(x[{RATE_WINDOW}])")
            return
        what = "increase() counts events in its window, not a second: right as a ratio, but no number of events"
        self.told.note(what, where)


def _rate(selector: Selector) -> Node:
    return Call("rate", (replace(selector, window=duration.parse(RATE_WINDOW)),))


def _increases(tree: Node) -> frozenset[timedelta]:
    """The windows of the increases in an expression."""
    calls = (node for node in nodes(tree) if isinstance(node, Call) and node.function == "increase")
    ranges = (argument for call in calls for argument in call.arguments)
    return frozenset(one.window for one in ranges if isinstance(one, Selector | Subquery) and one.window)


def _told(windows: Collection[timedelta]) -> str:
    return f"an increase over {', '.join(map(duration.format, sorted(windows)))}" if windows else "no increase"

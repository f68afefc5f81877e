"""The indicator of an OpenSLO v1 document as PromQL: good or bad events, and all events, a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from investiq.monitoring.slo.indicators import RATE_WINDOW
from investiq.monitoring.slo.openslo_document import DataSource, Document, Indicator, Metric, RatioMetric, SloSpec
from investiq.promql import duration
from investiq.promql.parse import ParseError, parse
from investiq.promql.tree import Aggregation, Call, Node, Selector

__all__ = ["ImportNotes", "events_of"]

Documents = Mapping[tuple[str, str], Document[Any]]
"""By kind and name."""


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
        return {key: self._rated(query, ratio.counter, f"{where} {key}") for key, query in queries.items() if query}

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
            return inline.spec
        referred: Document[Indicator] | None = self.known.get(("SLI", ref or ""))
        if referred is None:
            self.told.faults.append(f"{where}: indicatorRef {ref!r} names no SLI of this file")
            return None
        return referred.spec

    def _query(self, metric: Metric, here: str) -> str | None:
        source, ref = metric.metric_source, metric.metric_source.metric_source_ref
        referred: Document[DataSource] | None = self.known.get(("DataSource", ref or ""))
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

    def _rated(self, query: str, counter: bool, where: str) -> str:
        """Events a second; of a counter its rate."""
        try:
            tree = parse(query)
        except ParseError as error:
            self.told.faults.append(f"{where}: {error.message}")
            return query
        if not counter:
            return query
        match tree:
            case Selector(window=None):
                return str(_rate(tree))
            case Aggregation("sum", Selector(window=None) as inside):
                return str(Aggregation("sum", _rate(inside), tree.grouping))
        self.told.faults.append(
            f"{where}: of a counter (counter: true) only a selector or its sum is understood; write the rate yourself, "
            f"such as sum(rate(x_total[{RATE_WINDOW}])), with counter: false"
        )
        return query


def _rate(selector: Selector) -> Node:
    return Call("rate", (Selector(selector.name, selector.alternatives, duration.parse(RATE_WINDOW)),))

"""OpenSLO v1 documents as SLOs of the user.

What InvestIQ cannot keep is refused by name, and what it does without is noted: nothing is left out silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from investiq.config.slo import CustomSlo
from investiq.errors import InvestIQError
from investiq.monitoring.mutation.expression import Aggregation, Call, Node, Selector
from investiq.monitoring.mutation.parsing import NotUnderstood, parse
from investiq.monitoring.slo.burn import seconds
from investiq.monitoring.slo.indicators import RATE_WINDOW
from investiq.monitoring.slo.objective import Budgeting
from investiq.monitoring.slo.openslo import METHODS, PAGE
from investiq.monitoring.slo.openslo_document import (
    ALERTING,
    DataSource,
    Document,
    Indicator,
    Malformed,
    Metric,
    Objective,
    RatioMetric,
    SloSpec,
    TimeWindow,
    parse_document,
)

__all__ = ["Imported", "UnusableOpenSlo", "read_documents"]

_OWN_ALERTS = "not read, since the burn alerts of InvestIQ hold for every SLO"


class UnusableOpenSlo(InvestIQError):
    """Documents that are not OpenSLO v1, or say what InvestIQ cannot keep; the message lists every fault."""

    reason = "usage"


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read.

    Attributes:
        notes: what was not taken over, and why nothing is lost by that.
    """

    slos: tuple[CustomSlo, ...]
    notes: tuple[str, ...]


def read_documents(found: Iterable[Any], file: str) -> Imported:
    """The SLOs of OpenSLO v1 documents.

    Args:
        found: parsed YAML.
        file: its name, for the messages.

    Raises:
        UnusableOpenSlo: with every fault.
    """
    reader = _Reader()
    slos = reader.read([document for document in found if document is not None])
    if reader.faults:
        raise UnusableOpenSlo("\n".join([f"{file} cannot be imported:", *(f"  {fault}" for fault in reader.faults)]))
    return Imported(tuple(slos), tuple(f"{what}: {', '.join(where)}" for what, where in reader.notes.items()))


class _Reader:
    """Collects faults and notes, so that one run names them all."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.notes: dict[str, list[str]] = {}
        self._known: dict[tuple[str, str], Document[Any]] = {}

    def read(self, found: Sequence[Any]) -> list[CustomSlo]:
        for number, document in enumerate(found, start=1):
            self._register(number, document)
        if self.faults:  # what a document means can depend on another, which may be one that was not understood
            return []
        slos = [document for (kind, _), document in self._known.items() if kind == "SLO"]
        if not slos:
            self.faults.append("there is no document of kind SLO")
        return [slo for document in slos if (slo := self._slo(document)) is not None]

    def _register(self, number: int, found: Any) -> None:
        try:
            document = parse_document(found, number)
        except Malformed as error:
            self.faults += error.args
            return
        kind, metadata = document.kind, document.metadata
        if (kind, metadata.name) in self._known:
            self.faults.append(f"document {number} ({kind}): there is another {kind} called {metadata.name}")
            return
        self._known[kind, metadata.name] = document
        if kind in ALERTING:
            self._note(_OWN_ALERTS, f"{kind} {metadata.name}")
        if metadata.labels:
            self._note("labels are not kept", f"{kind} {metadata.name}")

    def _slo(self, document: Document[SloSpec]) -> CustomSlo | None:
        spec, metadata = document.spec, document.metadata
        where = f"SLO {metadata.name}"
        before = len(self.faults)
        if spec.alert_policies:
            self._note(_OWN_ALERTS, f"{where} alertPolicies")
        settings = {
            "name": metadata.name,
            "service": spec.service,
            "description": spec.description or metadata.display_name or "",
            "window_days": self._window_days(spec.time_window, where),
            "page": self._page(metadata.annotations or {}, where),
            **self._objective(spec, where),
            **self._events(spec, where),
        }
        if len(self.faults) > before:
            return None
        try:
            return CustomSlo.model_validate(settings)
        except ValidationError as error:
            for fault in error.errors(include_input=False):
                key = ".".join(map(str, fault["loc"]))
                self.faults.append(f"{where}: {key}: {fault['msg'].removeprefix('Value error, ')}")
            return None

    def _window_days(self, windows: Sequence[TimeWindow] | None, where: str) -> int:
        if windows is None:
            self._note("30d is taken where there is no timeWindow", where)
            return 30
        if len(windows) != 1:
            self.faults.append(f"{where}: timeWindow must be a list of one window")
            return 30
        (window,) = windows
        if window.calendar is not None or not window.is_rolling:
            self.faults.append(f"{where}: only rolling windows are supported: set isRolling: true, without calendar")
        found = re.fullmatch(r"(\d+)([mhdwMQY])", window.duration)
        hours = {"h": 1, "d": 24, "w": 168}.get(found[2], 0) * int(found[1]) if found else 0
        if not hours or hours % 24:
            self.faults.append(f"{where}: duration {window.duration!r} is not whole days, such as 30d or 4w")
        return hours // 24

    def _page(self, annotations: Mapping[str, str], where: str) -> str:
        for key in annotations:
            if key != PAGE:
                self._note("annotations are not kept", f"{where} {key}")
        return annotations.get(PAGE, "warning")

    def _objective(self, spec: SloSpec, where: str) -> dict[str, Any]:
        if len(spec.objectives) != 1:
            self.faults.append(f"{where}: expected one objective: make an SLO of each")
            return {}
        (objective,) = spec.objectives
        here = f"{where}: objectives[0]"
        if objective.indicator or objective.indicator_ref or objective.composite_weight is not None:
            self.faults.append(f"{here} makes it a composite SLO, which is not supported")
        if objective.value is not None:
            self.faults.append(f"{here}.value belongs to a thresholdMetric, which is not supported")
        if objective.op is not None:
            self._note("op means something for a thresholdMetric only, and is not read", f"{where} objectives[0]")
        if objective.time_slice_target is not None:
            self.faults.append(f"{here}.timeSliceTarget belongs to Timeslices, which is not supported: remove it")
        return {
            "objective": self._target(objective, here),
            "budgeting": self._budgeting(spec.budgeting_method, objective.time_slice_window, where),
        }

    def _target(self, objective: Objective, here: str) -> Decimal | None:
        target, percent = objective.target, objective.target_percent
        if target is not None and percent is None:
            return Decimal(str(target))
        if percent is not None and target is None:
            return Decimal(str(percent)) / 100
        self.faults.append(f"{here} needs either target or targetPercent")
        return None

    def _budgeting(self, method: str, window: Any, where: str) -> Budgeting:
        known = {written: budgeting for budgeting, written in METHODS.items()}
        if method not in known:
            self.faults.append(f"{where}: budgetingMethod {method!r} is not supported: expected {' or '.join(known)}")
            return Budgeting.OCCURRENCES
        if method == "RatioTimeslices" and window not in (RATE_WINDOW, 5):
            self.faults.append(f"{where}: timeSliceWindow {window!r} is not supported: expected {RATE_WINDOW}")
        if method == "Occurrences" and window is not None:
            self.faults.append(f"{where}: timeSliceWindow has no meaning with Occurrences: remove it")
        return known[method]

    def _events(self, spec: SloSpec, where: str) -> dict[str, str]:
        ratio = self._ratio(spec, where)
        if ratio is None:
            return {}
        if ratio.raw is not None or ratio.raw_type is not None:
            self.faults.append(f"{where}: a raw ratio is not supported: give good or bad, and total")
            return {}
        if (ratio.good is None) == (ratio.bad is None) or ratio.total is None:
            self.faults.append(f"{where}: ratioMetric needs total, and either good or bad")
            return {}
        parts = {"good": ratio.good, "bad": ratio.bad, "total": ratio.total}
        queries = {key: self._query(metric, f"{where} {key}") for key, metric in parts.items() if metric is not None}
        return {key: self._rated(query, ratio.counter, f"{where} {key}") for key, query in queries.items() if query}

    def _ratio(self, spec: SloSpec, where: str) -> RatioMetric | None:
        indicator = self._indicator(spec, where)
        if indicator is None:
            return None
        if indicator.threshold_metric is not None:
            self.faults.append(f"{where}: a thresholdMetric is not supported: expected a ratioMetric of events")
        elif indicator.ratio_metric is None:
            self.faults.append(f"{where}: its indicator has no ratioMetric")
        return indicator.ratio_metric

    def _indicator(self, spec: SloSpec, where: str) -> Indicator | None:
        inline, ref = spec.indicator, spec.indicator_ref
        if (inline is None) == (ref is None):
            self.faults.append(f"{where}: it needs either indicator or indicatorRef")
            return None
        if inline is not None:
            return inline.spec
        referred: Document[Indicator] | None = self._known.get(("SLI", ref or ""))
        if referred is None:
            self.faults.append(f"{where}: indicatorRef {ref!r} names no SLI of this file")
            return None
        return referred.spec

    def _query(self, metric: Metric, here: str) -> str | None:
        source, ref = metric.metric_source, metric.metric_source.metric_source_ref
        referred: Document[DataSource] | None = self._known.get(("DataSource", ref or ""))
        kind = source.type or (referred.spec.type if referred else None)
        if str(kind).lower() != "prometheus":
            self.faults.append(f"{here}: its metricSource is of type {kind!r}, expected Prometheus")
            return None
        if ref is not None:
            self._note(f"the Prometheus of InvestIQ is asked, not the data source {ref}", here)
        settings = source.spec or {}
        self.faults += [
            f"{here}: {key!r} is not a field of a Prometheus metricSource.spec" for key in settings if key != "query"
        ]
        query = settings.get("query")
        if not isinstance(query, str):
            self.faults.append(f"{here}: metricSource.spec.query is missing: expected PromQL")
            return None
        return query.strip()

    def _rated(self, query: str, counter: bool, where: str) -> str:
        """Events a second; of a counter its rate."""
        try:
            tree = parse(query)
        except NotUnderstood as error:
            self.faults.append(f"{where}: {error.message}")
            return query
        if not counter:
            return query
        match tree:
            case Selector(window=None):
                return str(_rate(tree))
            case Aggregation("sum", Selector(window=None) as inside):
                return str(Aggregation("sum", _rate(inside), tree.grouping))
        self.faults.append(
            f"{where}: of a counter (counter: true) only a selector or its sum is understood; write the rate yourself, "
            f"such as sum(rate(x_total[{RATE_WINDOW}])), with counter: false"
        )
        return query

    def _note(self, what: str, where: str) -> None:
        self.notes.setdefault(what, []).append(where)


def _rate(selector: Selector) -> Node:
    return Call("rate", (Selector(selector.name, selector.alternatives, timedelta(seconds=seconds(RATE_WINDOW))),))

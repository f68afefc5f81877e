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
from investiq.monitoring.slo.openslo import ALERTING, API_VERSION, METHODS, PAGE, Document

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
        self._known: dict[tuple[str, str], Document] = {}

    def read(self, found: Sequence[Any]) -> list[CustomSlo]:
        for number, document in enumerate(found, start=1):
            self._register(number, document)
        slos = [
            slo
            for (kind, name), document in self._known.items()
            if kind == "SLO" and (slo := self._slo(name, document)) is not None
        ]
        if not any(kind == "SLO" for kind, _ in self._known) and not self.faults:
            self.faults.append("there is no document of kind SLO")
        return slos

    def _register(self, number: int, document: Any) -> None:
        if not isinstance(document, Mapping):
            self.faults.append(f"document {number} is not a mapping with apiVersion, kind, metadata and spec")
            return
        kind, version = str(document.get("kind")), document.get("apiVersion")
        where = f"document {number} ({kind})"
        metadata = self._mapping(document, "metadata", where)
        name = metadata.get("name")
        if version != API_VERSION:
            self.faults.append(f"{where}: apiVersion is {version!r}, expected {API_VERSION!r}")
        elif kind not in ("SLO", "SLI", "Service", "DataSource", *ALERTING):
            self.faults.append(f"{where}: OpenSLO v1 has no kind {kind}")
        elif not isinstance(name, str):
            self.faults.append(f"{where}: metadata.name is missing")
        elif (kind, name) in self._known:
            self.faults.append(f"{where}: there is another {kind} called {name}")
        else:
            self._only(document, where, "apiVersion", "kind", "metadata", "spec")
            self._only(metadata, f"{kind} {name} metadata", "name", "displayName", "labels", "annotations")
            self._known[kind, name] = document
            if kind in ALERTING:
                self._note(_OWN_ALERTS, f"{kind} {name}")
            if metadata.get("labels"):
                self._note("labels are not kept", f"{kind} {name}")

    def _slo(self, name: str, document: Document) -> CustomSlo | None:
        where = f"SLO {name}"
        before = len(self.faults)
        spec = self._mapping(document, "spec", where)
        parts = ("description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives")
        self._only(spec, where, *parts, "alertPolicies")
        if spec.get("alertPolicies"):
            self._note(_OWN_ALERTS, f"{where} alertPolicies")
        objective = self._objective(spec, where)
        settings = {
            "name": name,
            "service": spec.get("service"),
            "description": spec.get("description") or document["metadata"].get("displayName") or "",
            "objective": self._target(objective, where),
            "window_days": self._window_days(spec, where),
            "page": self._page(document, where),
            "budgeting": self._budgeting(spec, objective, where),
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

    def _objective(self, spec: Document, where: str) -> Document:
        objectives = spec.get("objectives")
        if not isinstance(objectives, list) or len(objectives) != 1 or not isinstance(objectives[0], Mapping):
            self.faults.append(f"{where}: expected one objective: make an SLO of each")
            return {}
        objective: Document = objectives[0]
        for key in ("indicator", "indicatorRef", "compositeWeight"):
            if key in objective:
                self.faults.append(f"{where}: objectives[0].{key} makes it a composite SLO, which is not supported")
        if "value" in objective:
            self.faults.append(f"{where}: objectives[0].value belongs to a thresholdMetric, which is not supported")
        if "op" in objective:
            self._note("op means something for a thresholdMetric only, and is not read", f"{where} objectives[0]")
        known = ("displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow")
        self._only(objective, f"{where} objectives[0]", *known, "indicator", "indicatorRef", "compositeWeight")
        return objective

    def _target(self, objective: Document, where: str) -> Decimal | None:
        target, percent = objective.get("target"), objective.get("targetPercent")
        if (target is None) == (percent is None):
            if objective:
                self.faults.append(f"{where}: objectives[0] needs either target or targetPercent")
            return None
        given = target if percent is None else percent
        if isinstance(given, bool) or not isinstance(given, int | float):
            self.faults.append(f"{where}: the target of objectives[0] is {given!r}, expected a number")
            return None
        return Decimal(str(given)) if percent is None else Decimal(str(given)) / 100

    def _window_days(self, spec: Document, where: str) -> int:
        windows = spec.get("timeWindow")
        if windows is None:
            self._note("30d is taken where there is no timeWindow", where)
            return 30
        if not isinstance(windows, list) or len(windows) != 1 or not isinstance(windows[0], Mapping):
            self.faults.append(f"{where}: timeWindow must be a list of one window")
            return 30
        window: Document = windows[0]
        self._only(window, f"{where} timeWindow[0]", "duration", "isRolling", "calendar")
        if "calendar" in window or window.get("isRolling") is not True:
            self.faults.append(f"{where}: only rolling windows are supported: set isRolling: true, without calendar")
        found = re.fullmatch(r"(\d+)([mhdwMQY])", str(window.get("duration")))
        hours = {"h": 1, "d": 24, "w": 168}.get(found[2] if found else "", 0) * int(found[1] if found else 0)
        if not hours or hours % 24:
            self.faults.append(f"{where}: duration {window.get('duration')!r} is not whole days, such as 30d or 4w")
        return hours // 24

    def _page(self, document: Document, where: str) -> str:
        annotations = document["metadata"].get("annotations") or {}
        for key in annotations:
            if key != PAGE:
                self._note("annotations are not kept", f"{where} {key}")
        return str(annotations.get(PAGE, "warning"))

    def _budgeting(self, spec: Document, objective: Document, where: str) -> Budgeting:
        method = spec.get("budgetingMethod")
        known = {written: budgeting for budgeting, written in METHODS.items()}
        if method not in known:
            self.faults.append(f"{where}: budgetingMethod {method!r} is not supported: expected {' or '.join(known)}")
            return Budgeting.OCCURRENCES
        window = objective.get("timeSliceWindow")
        if method == "RatioTimeslices" and window not in (RATE_WINDOW, 5):
            self.faults.append(f"{where}: timeSliceWindow {window!r} is not supported: expected {RATE_WINDOW}")
        if method == "Occurrences" and window is not None:
            self.faults.append(f"{where}: timeSliceWindow has no meaning with Occurrences: remove it")
        if "timeSliceTarget" in objective:
            self.faults.append(f"{where}: timeSliceTarget belongs to Timeslices, which is not supported: remove it")
        return known[method]

    def _events(self, spec: Document, where: str) -> dict[str, str]:
        indicator = self._indicator(spec, where)
        if indicator is None:
            return {}
        if "thresholdMetric" in indicator:
            self.faults.append(f"{where}: a thresholdMetric is not supported: expected a ratioMetric of events")
            return {}
        self._only(indicator, f"{where} indicator", "description", "ratioMetric")
        ratio = self._mapping(indicator, "ratioMetric", where)
        if "raw" in ratio or "rawType" in ratio:
            self.faults.append(f"{where}: a raw ratio is not supported: give good or bad, and total")
            return {}
        self._only(ratio, f"{where} ratioMetric", "counter", "good", "bad", "total")
        kind = [key for key in ("good", "bad") if key in ratio]
        if len(kind) != 1 or "total" not in ratio:
            self.faults.append(f"{where}: ratioMetric needs total, and either good or bad")
            return {}
        counter = ratio.get("counter", False)
        queries = {key: self._query(ratio, key, where) for key in (*kind, "total")}
        return {key: self._rated(query, counter is True, f"{where} {key}") for key, query in queries.items() if query}

    def _indicator(self, spec: Document, where: str) -> Document | None:
        inline, ref = spec.get("indicator"), spec.get("indicatorRef")
        if (inline is None) == (ref is None):
            self.faults.append(f"{where}: it needs either indicator or indicatorRef")
            return None
        if ref is None:
            self._only(self._mapping(spec, "indicator", where), f"{where} indicator", "metadata", "spec", "kind")
            return self._mapping(self._mapping(spec, "indicator", where), "spec", f"{where} indicator")
        if ("SLI", ref) not in self._known:
            self.faults.append(f"{where}: indicatorRef {ref!r} names no SLI of this file")
            return None
        return self._mapping(self._known["SLI", ref], "spec", f"SLI {ref}")

    def _query(self, ratio: Document, key: str, where: str) -> str | None:
        here = f"{where} {key}"
        self._only(self._mapping(ratio, key, where), here, "metricSource")
        source = self._mapping(self._mapping(ratio, key, where), "metricSource", here)
        self._only(source, f"{here} metricSource", "type", "metricSourceRef", "spec")
        kind, ref = source.get("type"), source.get("metricSourceRef")
        if ref is not None and kind is None:
            kind = self._known.get(("DataSource", ref), {}).get("spec", {}).get("type")
        if str(kind).lower() != "prometheus":
            self.faults.append(f"{here}: its metricSource is of type {kind!r}, expected Prometheus")
            return None
        if ref is not None:
            self._note(f"the Prometheus of InvestIQ is asked, not the data source {ref}", here)
        settings = self._mapping(source, "spec", here)
        self._only(settings, f"{here} metricSource.spec", "query")
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

    def _mapping(self, document: Document, key: str, where: str) -> Document:
        value = document.get(key)
        if isinstance(value, Mapping):
            return value
        fault = f"{where}: {key} is missing, or not a mapping"
        if fault not in self.faults:
            self.faults.append(fault)
        return {}

    def _only(self, found: Document, where: str, *known: str) -> None:
        for key in found:
            if key not in known:
                self.faults.append(f"{where}: {key!r} is not a field of OpenSLO v1 there")


def _rate(selector: Selector) -> Node:
    return Call("rate", (Selector(selector.name, selector.alternatives, timedelta(seconds=seconds(RATE_WINDOW))),))

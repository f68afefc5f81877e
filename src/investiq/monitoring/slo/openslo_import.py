"""OpenSLO v1 documents as SLOs of the user.

What InvestIQ cannot keep is refused by name, and what it does without is noted: nothing is left out silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from investiq.foundation.config.slo import CustomSlo
from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import Severity
from investiq.monitoring.slo.indicators import RATE_WINDOW
from investiq.monitoring.slo.objective import BudgetingMethod
from investiq.monitoring.slo.openslo import METHODS, PAGE
from investiq.monitoring.slo.openslo_document import (
    ALERTING,
    Document,
    Malformed,
    Objective,
    SloSpec,
    TimeWindow,
    parse_document,
)
from investiq.monitoring.slo.openslo_events import ImportNotes, events_of
from investiq.promql import duration

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
    if reader.told.faults:
        raise UnusableOpenSlo(
            "\n".join([f"{file} cannot be imported:", *(f"  {fault}" for fault in reader.told.faults)])
        )
    return Imported(tuple(slos), tuple(f"{what}: {', '.join(where)}" for what, where in reader.told.notes.items()))


class _Reader:
    """Reads documents; what is wrong with them, and what is left out, is in `told`."""

    def __init__(self) -> None:
        self.told = ImportNotes()
        self._known: dict[tuple[str, str], Document[Any]] = {}

    def read(self, found: Sequence[Any]) -> list[CustomSlo]:
        for number, document in enumerate(found, start=1):
            self._register(number, document)
        if self.told.faults:  # what a document means can depend on another, which may be one that was not understood
            return []
        slos = [document for (kind, _), document in self._known.items() if kind == "SLO"]
        if not slos:
            self.told.faults.append("there is no document of kind SLO")
        referred = {document.spec.indicator_ref for document in slos}
        for name in (name for kind, name in self._known if kind == "SLI" and name not in referred):
            self.told.note("no SLO refers to it, and it is left out", f"SLI {name}")
        return [slo for document in slos if (slo := self._slo(document)) is not None]

    def _register(self, number: int, found: Any) -> None:
        try:
            document = parse_document(found, number)
        except Malformed as error:
            self.told.faults.extend(error.args)
            return
        kind, metadata = document.kind, document.metadata
        if (kind, metadata.name) in self._known:
            self.told.faults.append(f"document {number} ({kind}): there is another {kind} called {metadata.name}")
            return
        self._known[kind, metadata.name] = document
        where = f"{kind} {metadata.name}"
        self.told.note_metadata(metadata, where, kept=(PAGE,) if kind == "SLO" else ())
        if kind in ALERTING:
            self.told.note(_OWN_ALERTS, where)
        elif kind != "SLO":
            self._note_texts(document, where)

    def _note_texts(self, document: Document[Any], where: str) -> None:
        if document.spec.description:
            self.told.note("descriptions are kept of SLOs alone", where)
        if document.metadata.display_name:
            self.told.note("display names are not kept", where)

    def _slo(self, document: Document[SloSpec]) -> CustomSlo | None:
        spec, metadata = document.spec, document.metadata
        where = f"SLO {metadata.name}"
        before = len(self.told.faults)
        if spec.description and metadata.display_name:
            self.told.note("display names are not kept", where)
        if spec.alert_policies:
            self.told.note(_OWN_ALERTS, f"{where} alertPolicies")
        settings = {
            "name": metadata.name,
            "service": spec.service,
            "description": spec.description or metadata.display_name or "",
            "window_days": self._window_days(spec.time_window, where),
            "page": (metadata.annotations or {}).get(PAGE, Severity.WARNING.value),
            **self._objective(spec, where),
            **events_of(spec, self._known, self.told, where),
        }
        if len(self.told.faults) > before:
            return None
        try:
            return CustomSlo.model_validate(settings)
        except ValidationError as error:
            for fault in error.errors(include_input=False):
                key = ".".join(map(str, fault["loc"]))
                self.told.faults.append(f"{where}: {key}: {fault['msg'].removeprefix('Value error, ')}")
            return None

    def _window_days(self, windows: Sequence[TimeWindow] | None, where: str) -> int:
        if windows is None:
            self.told.note("30d is taken where there is no timeWindow", where)
            return 30
        if len(windows) != 1:
            self.told.faults.append(f"{where}: timeWindow must be a list of one window")
            return 30
        (window,) = windows
        if window.calendar is not None or not window.is_rolling:
            self.told.faults.append(
                f"{where}: only rolling windows are supported: set isRolling: true, without calendar"
            )
        days, rest = divmod(_length(window.duration), timedelta(days=1))
        if not days or rest:
            self.told.faults.append(f"{where}: duration {window.duration!r} is not whole days, such as 30d or 4w")
        return days

    def _objective(self, spec: SloSpec, where: str) -> dict[str, Any]:
        if len(spec.objectives) != 1:
            self.told.faults.append(f"{where}: expected one objective: make an SLO of each")
            return {}
        (objective,) = spec.objectives
        here = f"{where}: objectives[0]"
        if objective.display_name:
            self.told.note("display names are not kept", f"{where} objectives[0]")
        parts = (objective.indicator, objective.indicator_ref, objective.composite_weight)
        if any(part is not None for part in parts):
            self.told.faults.append(f"{here} makes it a composite SLO, which is not supported")
        if objective.value is not None:
            self.told.faults.append(f"{here}.value belongs to a thresholdMetric, which is not supported")
        if objective.op is not None:
            self.told.note("op means something for a thresholdMetric only, and is not read", f"{where} objectives[0]")
        if objective.time_slice_target is not None:
            self.told.faults.append(f"{here}.timeSliceTarget belongs to Timeslices, which is not supported: remove it")
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
        self.told.faults.append(f"{here} needs either target or targetPercent")
        return None

    def _budgeting(self, method: str, window: Any, where: str) -> BudgetingMethod:
        known = {written: budgeting for budgeting, written in METHODS.items()}
        if method not in known:
            self.told.faults.append(
                f"{where}: budgetingMethod {method!r} is not supported: expected {' or '.join(known)}"
            )
            return BudgetingMethod.OCCURRENCES
        if method == "RatioTimeslices" and window not in (RATE_WINDOW, 5):
            self.told.faults.append(f"{where}: timeSliceWindow {window!r} is not supported: expected {RATE_WINDOW}")
        if method == "Occurrences" and window is not None:
            self.told.faults.append(f"{where}: timeSliceWindow has no meaning with Occurrences: remove it")
        return known[method]


def _length(text: str) -> timedelta:
    """Of a window in one unit, as OpenSLO has it; none for its M, Q and Y, which are no number of days."""
    try:
        return duration.parse(text) if re.fullmatch(r"\d+[mhdw]", text) else timedelta()
    except duration.InvalidDuration:  # longer than any time
        return timedelta()

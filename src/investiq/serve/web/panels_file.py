"""The panels as `investiq up` renders them into a file: what each asks of Prometheus, and how it is drawn.

The monitoring says what is watched, Grafana and this console draw it: the file is all that the console knows of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from investiq.foundation.errors import InvestIQError

__all__ = [
    "SCHEMA",
    "AlertDocument",
    "DashboardDocument",
    "EventDocument",
    "PanelDocument",
    "PanelView",
    "PanelsDocument",
    "PanelsFile",
    "PanelsUnreadable",
    "QueryDocument",
    "RowDocument",
    "State",
    "Threshold",
]

SCHEMA = "investiq.panels/1"


class PanelsUnreadable(InvestIQError):
    """There is no file of panels, or it is not one that this version reads."""

    reason = "panels_unreadable"


class PanelView(StrEnum):
    """How a panel is drawn."""

    LINES = "timeseries"
    NUMBER = "stat"
    STATES = "state-timeline"
    TABLE = "table"


class _Part(BaseModel):
    """A part of the document. What a later version adds to it is not needed here."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class QueryDocument(_Part):
    """One expression; `legend` names its series, with their labels as `{{label}}`."""

    expr: str
    legend: str


class Threshold(_Part):
    """Where an alert begins: the value is `op` (`>`, `<`, `==`, `!=`) this one. Its runbook is that of `subject`."""

    value: float
    op: Literal[">", "<", "==", "!="]
    severity: str
    alert: str
    subject: str

    def passed(self, value: float) -> bool:
        """Whether `value` is on the bad side."""
        return {
            ">": value > self.value,
            "<": value < self.value,
            "==": value == self.value,
            "!=": value != self.value,
        }[self.op]


class State(_Part):
    """A value in words, and how good it is."""

    value: float
    text: str
    state: Literal["good", "warning", "bad", "neutral"]


class PanelDocument(_Part):
    """One panel.

    Attributes:
        unit: of the values, in Grafana's words; see `investiq.serve.web.units`.
        width: of the 24 columns of a dashboard.
        minimum: lowest value of the axis; None lets it follow the data.
        maximum: highest value of the axis; None lets it follow the data.
        emptiness: why no data is the good case; empty where there must be some.
    """

    title: str
    description: str
    unit: str
    view: PanelView
    width: int
    minimum: float | None
    maximum: float | None
    queries: tuple[QueryDocument, ...]
    thresholds: tuple[Threshold, ...]
    states: tuple[State, ...]
    emptiness: str

    def state_of(self, value: float) -> State | None:
        """What `value` means, where that is said."""
        return next((state for state in self.states if state.value == value), None)


class RowDocument(_Part):
    """Panels under a heading."""

    title: str
    panels: tuple[PanelDocument, ...]


class EventDocument(_Part):
    """What explains a change in every picture.

    Attributes:
        expr: series that are there while it lasts; with `moment`, they say when it was, in Unix milliseconds.
        text: names one of them, with labels as `{{label}}`.
    """

    title: str
    expr: str
    text: str
    state: Literal["good", "warning", "bad", "neutral"]
    moment: bool


class AlertDocument(_Part):
    """An alert that may fire, or would with other settings. Its runbook is that of `subject`.

    Attributes:
        descriptions: what is lost while it fires, once for each severity that tells another loss; templates of
            Prometheus may be in it.
        unsilenceable: why it cannot be silenced; empty where it can.
    """

    name: str
    subject: str
    descriptions: tuple[str, ...]
    unsilenceable: str


class DashboardDocument(_Part):
    """A dashboard; `/operations/<name>` shows it."""

    name: str
    title: str
    description: str
    rows: tuple[RowDocument, ...]

    @property
    def panels(self) -> tuple[PanelDocument, ...]:
        """Every panel, in the order of the rows."""
        return tuple(panel for row in self.rows for panel in row.panels)


class PanelsDocument(_Part):
    """All dashboards.

    Attributes:
        revision: another one when the file has other content.
        variables: what stands for them in an expression while nothing is chosen.
        rate_interval: stands for the window of a rate.
    """

    revision: str
    variables: Mapping[str, str]
    rate_interval: str
    dashboards: tuple[DashboardDocument, ...]
    events: tuple[EventDocument, ...]
    alerts: tuple[AlertDocument, ...]

    def rule(self, name: str) -> AlertDocument | None:
        """The alert of this name."""
        return next((rule for rule in self.alerts if rule.name == name), None)

    def named(self, name: str) -> DashboardDocument | None:
        """The dashboard of this name."""
        return next((dashboard for dashboard in self.dashboards if dashboard.name == name), None)

    def concrete(self, expr: str, window_seconds: int) -> str:
        """`expr` as Prometheus takes it, with rates over `window_seconds`."""
        values = {**self.variables, self.rate_interval: f"{window_seconds}s"}
        # The longest first: one may begin with the name of another.
        for name in sorted(values, key=len, reverse=True):
            expr = expr.replace(name, values[name])
        return expr


class PanelsFile:
    """Reads the file, again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._boards: PanelsDocument | None = None

    def read(self) -> PanelsDocument:
        """What it holds now.

        Raises:
            PanelsUnreadable: it is missing, or not a file of panels of this version.
        """
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if self._boards is None or seen != self._seen:
                self._boards = _parsed(self._path.read_bytes(), self._path)
                self._seen = seen
        except FileNotFoundError as error:
            message = f"{self._path} is not there: `investiq up` renders it, and the console finds it by data_dir"
            raise PanelsUnreadable(message) from error
        except OSError as error:
            raise PanelsUnreadable(f"{self._path} cannot be read: {error.strerror}") from error
        return self._boards


def _parsed(text: bytes, path: Path) -> PanelsDocument:
    again = "`investiq up` renders it again"
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise PanelsUnreadable(f"{path} is not JSON ({error}): {again}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        found = f"has the schema {schema!r}" if schema else "names no schema"
        message = (
            f"{path} {found}, this console reads {SCHEMA!r}: `investiq down` and `investiq up` of one version mend it"
        )
        raise PanelsUnreadable(message)
    try:
        revision = hashlib.sha256(text).hexdigest()[:12]
        return PanelsDocument.model_validate_json(json.dumps(document | {"revision": revision}))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise PanelsUnreadable(f"{path} at {place}: {first['msg']}: {again}") from error

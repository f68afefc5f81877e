"""The file of panels: the monitoring says what is watched, and the console draws it without knowing the monitoring.

Units and views have Grafana's words, since the same panels are Grafana's dashboards.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from investiq.foundation.errors import InvestIQError

__all__ = [
    "EVERYTHING",
    "RATE_INTERVAL",
    "SCHEMA",
    "AlertDocument",
    "DashboardDocument",
    "EventDocument",
    "PanelDocument",
    "PanelState",
    "PanelUnit",
    "PanelView",
    "PanelsDocument",
    "PanelsUnreadable",
    "QueryDocument",
    "RowDocument",
    "StateDocument",
    "ThresholdDocument",
    "expand_variables",
    "parse_panels",
]

SCHEMA = "investiq.panels/1"

RATE_INTERVAL = "$__rate_interval"
"""The window of a rate that is drawn: at least four scrapes, and no gap between two points of the picture."""

EVERYTHING: Mapping[str, str] = {"$job": ".+", "$instance": ".+"}
"""What the variables stand for while nothing is chosen."""

Number = int | float
"""A whole number stays one in the file."""


class PanelsUnreadable(InvestIQError):
    """There is no file of panels, or it is not one that this version reads."""

    reason = "panels_unreadable"


class PanelUnit(StrEnum):
    """What the values are."""

    COUNT = "short"
    PER_SECOND = "cps"
    REQUESTS_PER_SECOND = "reqps"
    SECONDS = "s"
    MILLISECONDS = "ms"
    SHARE = "percentunit"
    DOLLARS = "currencyUSD"
    BYTES = "bytes"
    BYTES_PER_SECOND = "Bps"
    DAYS = "d"
    MOMENT = "dateTimeAsIso"
    """Unix milliseconds."""
    STATE = "none"
    """A number that the panel's states put into words."""


class PanelView(StrEnum):
    """How a panel is drawn."""

    LINES = "timeseries"
    NUMBER = "stat"
    """The latest value, large."""
    STATES = "state-timeline"
    """Each series as a bar that changes its colour."""
    TABLE = "table"
    """The latest values, one row for each series."""


class PanelState(StrEnum):
    """How good a state is; it is drawn in that colour, and never in colour alone."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    NEUTRAL = "neutral"


class _Part(BaseModel):
    """A part of the document. What a later version adds to it is not needed by an earlier one."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class QueryDocument(_Part):
    """One expression; `legend` names its series, with their labels as `{{label}}`."""

    expr: str
    legend: str


class ThresholdDocument(_Part):
    """Where an alert begins: the value is `op` this one. Its runbook is that of `subject`."""

    value: Number
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


class StateDocument(_Part):
    """A value in words, and how good it is."""

    value: Number
    text: str
    state: PanelState


class PanelDocument(_Part):
    """One panel.

    Attributes:
        unit: of the values; a later version may have others than `PanelUnit`.
        width: of the 24 columns of a dashboard.
        minimum: lowest value of the axis; None lets it follow the data.
        maximum: highest value of the axis; None lets it follow the data.
        emptiness: why there may be no data; empty where there must be some.
        empty_is_good: no data is good news.
    """

    title: str
    description: str
    unit: str
    view: PanelView
    width: int
    minimum: Number | None
    maximum: Number | None
    queries: tuple[QueryDocument, ...]
    thresholds: tuple[ThresholdDocument, ...]
    states: tuple[StateDocument, ...]
    emptiness: str
    empty_is_good: bool = False

    def state_of(self, value: float) -> StateDocument | None:
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
    state: PanelState
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
    """All dashboards, and what else the console is to know of the monitoring.

    Attributes:
        variables: what stands for them in an expression while nothing is chosen.
        rate_interval: stands for the window of a rate.
        revision: of the file that it was read from; another one when the file has other content.
    """

    schema_: str = Field(SCHEMA, alias="schema")
    variables: Mapping[str, str]
    rate_interval: str
    dashboards: tuple[DashboardDocument, ...]
    events: tuple[EventDocument, ...]
    alerts: tuple[AlertDocument, ...]
    revision: str = Field("", exclude=True)

    def rule(self, name: str) -> AlertDocument | None:
        """The alert of this name."""
        return next((rule for rule in self.alerts if rule.name == name), None)

    def named(self, name: str) -> DashboardDocument | None:
        """The dashboard of this name."""
        return next((dashboard for dashboard in self.dashboards if dashboard.name == name), None)

    def expand_variables(self, expr: str, window_seconds: int) -> str:
        """`expr` as Prometheus takes it, with rates over `window_seconds`."""
        return _replaced(expr, {**self.variables, self.rate_interval: f"{window_seconds}s"})

    def text(self) -> str:
        """The file."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1) + "\n"


def expand_variables(expr: str, rate_interval: str = "1m") -> str:
    """`expr` as Prometheus takes it, over every job and instance."""
    return _replaced(expr, {**EVERYTHING, RATE_INTERVAL: rate_interval})


def _replaced(expr: str, values: Mapping[str, str]) -> str:
    # The longest first: one may begin with the name of another.
    for name in sorted(values, key=len, reverse=True):
        expr = expr.replace(name, values[name])
    return expr


def parse_panels(text: bytes, source: object) -> PanelsDocument:
    """The document of the file `source`, which holds `text`.

    Raises:
        PanelsUnreadable: it is not a file of panels of this version.
    """
    again = "`investiq up` renders it again"
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise PanelsUnreadable(f"{source} is not JSON ({error}): {again}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        found = f"has the schema {schema!r}" if schema else "names no schema"
        message = (
            f"{source} {found}, this console reads {SCHEMA!r}: `investiq down` and `investiq up` of one version mend it"
        )
        raise PanelsUnreadable(message)
    try:
        revision = hashlib.sha256(text).hexdigest()[:12]
        return PanelsDocument.model_validate_json(json.dumps(document | {"revision": revision}))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise PanelsUnreadable(f"{source} at {place}: {first['msg']}: {again}") from error

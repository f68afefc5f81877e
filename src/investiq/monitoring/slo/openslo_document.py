"""OpenSLO v1 documents as they are written: the fields there are and their types, not yet what they mean.

The specification: https://github.com/OpenSLO/OpenSLO, apiVersion openslo/v1.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

__all__ = [
    "ALERTING",
    "API_VERSION",
    "DataSource",
    "Document",
    "Indicator",
    "Malformed",
    "Metadata",
    "Metric",
    "Objective",
    "RatioMetric",
    "SloSpec",
    "TimeWindow",
    "parse_document",
]

API_VERSION = "openslo/v1"
ALERTING = ("AlertPolicy", "AlertCondition", "AlertNotificationTarget")


class Malformed(ValueError):
    """What was found is no document of OpenSLO v1; its arguments are the faults."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


class Metadata(_Part):
    """What every document has."""

    name: str
    display_name: str | None = None
    labels: dict[str, Any] | None = None
    annotations: dict[str, str] | None = None


class MetricSource(_Part):
    """Where a number comes from; `spec` is whatever a source of its type needs."""

    type: str | None = None
    metric_source_ref: str | None = None
    spec: dict[str, Any] | None = None


class Metric(_Part):
    """One number."""

    metric_source: MetricSource


class RatioMetric(_Part):
    """Good or bad events and all events; of `raw`, the ratio itself, only that it is there."""

    counter: bool = False
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw: Any = None
    raw_type: Any = None


class Indicator(_Part):
    """The spec of an SLI; of a `thresholdMetric` only that it is there."""

    description: str | None = None
    ratio_metric: RatioMetric | None = None
    threshold_metric: Any = None


class InlineIndicator(_Part):
    """An SLI within an SLO."""

    kind: Literal["SLI"] | None = None
    metadata: Metadata | None = None
    spec: Indicator


class TimeWindow(_Part):
    """The time over which an objective holds."""

    duration: str
    is_rolling: bool = False
    calendar: dict[str, Any] | None = None


class Objective(_Part):
    """What share must be good; the fields after `timeSliceWindow` belong to what InvestIQ does not support."""

    display_name: str | None = None
    op: str | None = None
    target: float | None = None
    target_percent: float | None = None
    time_slice_window: Any = None
    time_slice_target: Any = None
    value: Any = None
    indicator: Any = None
    indicator_ref: Any = None
    composite_weight: Any = None


class SloSpec(_Part):
    """The spec of an SLO."""

    description: str | None = None
    service: str
    indicator: InlineIndicator | None = None
    indicator_ref: str | None = None
    time_window: list[TimeWindow] | None = None
    budgeting_method: Literal["Occurrences", "RatioTimeslices", "Timeslices"]
    objectives: list[Objective]
    alert_policies: list[Any] | None = None


class DataSource(_Part):
    """The spec of a data source."""

    description: str | None = None
    type: str
    connection_details: dict[str, Any] | None = None


class Service(_Part):
    """The spec of a service."""

    description: str | None = None


_Spec = TypeVar("_Spec", bound="_Part | dict[str, Any]")


class Document(_Part, Generic[_Spec]):
    """A document of any kind."""

    api_version: Literal["openslo/v1"]
    kind: str
    metadata: Metadata
    spec: _Spec


_KINDS: Mapping[str, type[Document[Any]]] = {
    "SLO": Document[SloSpec],
    "SLI": Document[Indicator],
    "DataSource": Document[DataSource],
    "Service": Document[Service],
    **dict.fromkeys(ALERTING, Document[dict[str, Any]]),
}


def parse_document(found: Any, number: int) -> Document[Any]:
    """One document.

    Args:
        found: parsed YAML.
        number: of the document in its file, for the messages.

    Raises:
        Malformed: with every fault.
    """
    if not isinstance(found, Mapping):
        raise Malformed(f"document {number} is not a mapping with apiVersion, kind, metadata and spec")
    kind, version = str(found.get("kind")), found.get("apiVersion")
    where = _where(found, kind, number)
    if found.get("version") == "prometheus/v1" or str(version).startswith("sloth.slok.dev/"):
        raise Malformed(f"{where}: it is a specification of Sloth: give it as OpenSLO v1, which Sloth reads too")
    if version != API_VERSION:
        raise Malformed(f"{where}: apiVersion is {version!r}, expected {API_VERSION!r}")
    if kind not in _KINDS:
        raise Malformed(f"{where}: OpenSLO v1 has no kind {kind}")
    try:
        return _KINDS[kind].model_validate(found)
    except ValidationError as error:
        raise Malformed(*(f"{where}: {_fault(fault)}" for fault in error.errors())) from error


def _where(found: Mapping[str, Any], kind: str, number: int) -> str:
    metadata = found.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return f"{kind} {name}" if isinstance(name, str) else f"document {number} ({kind})"


def _fault(error: Mapping[str, Any]) -> str:
    path, (*parents, key) = _path(error["loc"]), error["loc"] or ("",)
    match error["type"]:
        case "extra_forbidden":
            return f"{_path(parents) or 'the document'}: {key!r} is not a field of OpenSLO v1 there"
        case "missing":
            return f"{path} is missing"
    return f"{path} is {reprlib.repr(error['input'])}, {error['msg'].replace('Input should be', 'expected')}"


def _path(places: Sequence[str | int]) -> str:
    written = (f"[{place}]" if isinstance(place, int) else f".{place}" for place in places)
    return "".join(written).removeprefix(".")

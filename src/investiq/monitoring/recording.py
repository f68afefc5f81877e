"""A recording rule as data: an expression that panels or several alerts share, evaluated once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from investiq.foundation.telemetry.catalogue import Kind
from investiq.foundation.vocabulary import Subject

__all__ = ["Recording"]

_LONGEST_INTERVAL = 120
_NAME = re.compile(r"[a-z_]+(:[a-zA-Z0-9_]+){2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording rule.

    Attributes:
        name: `level:metric:operation`: the labels that are left, what was measured, and what was done with it.
        query: what is recorded, as PromQL.
        labels: those that the recorded series have, the static ones included.
        static: labels that the rule adds, with their values.
        interval_seconds: how often it is evaluated; None as often as everything. What looks back over days changes
            slowly and costs more. At most two minutes: a sample is gone for whoever reads it after five.

    Raises:
        ValueError: the name is not of that form, or the interval is too long.
    """

    name: str
    subject: Subject
    query: str
    labels: tuple[str, ...] = ("job",)
    kind: Kind = Kind.GAUGE
    static: Mapping[str, str] = field(default_factory=dict)
    interval_seconds: int | None = None

    def __post_init__(self) -> None:
        if self.interval_seconds is not None and self.interval_seconds > _LONGEST_INTERVAL:
            raise ValueError(f"{self.name} every {self.interval_seconds} s would have gaps for its readers")
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name} is not level:metric:operation, such as job:investiq_requests:rate5m")

    @property
    def label_names(self) -> tuple[str, ...]:
        return self.labels

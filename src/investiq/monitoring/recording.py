"""A recording rule as data: an expression that panels or several alerts share, evaluated once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from investiq.telemetry.catalogue import Kind, Subject

__all__ = ["Recording"]

_NAME = re.compile(r"[a-z_]+(:[a-zA-Z0-9_]+){2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording rule.

    Attributes:
        name: `level:metric:operation`: the labels that are left, what was measured, and what was done with it.
        query: what is recorded, as PromQL.
        labels: those that the recorded series have.

    Raises:
        ValueError: the name is not of that form.
    """

    name: str
    subject: Subject
    query: str
    labels: tuple[str, ...] = ("job",)
    kind: Kind = Kind.GAUGE

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name} is not level:metric:operation, such as job:investiq_requests:rate5m")

    @property
    def label_names(self) -> tuple[str, ...]:
        return self.labels

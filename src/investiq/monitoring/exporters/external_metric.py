"""A metric that a program which is not ours emits."""

from __future__ import annotations

from dataclasses import dataclass

from investiq.foundation.telemetry.catalogue import Kind

__all__ = ["EVERY_JOB", "ExternalMetric"]

EVERY_JOB = ("*",)
"""The emitter of what Prometheus itself makes of each scrape."""


@dataclass(frozen=True, slots=True)
class ExternalMetric:
    """One metric family of somebody else.

    Attributes:
        kind: as its program says; what the program calls untyped is what it is in truth.
        emitters: the scrape jobs that have it.
        labels: those of the program that we use, each there in every version.
        added: labels that our scrape configuration adds.
        bounds: the smallest and the largest value of a gauge; None where there is no such limit.
    """

    name: str
    kind: Kind
    emitters: tuple[str, ...]
    labels: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None

    @property
    def label_names(self) -> tuple[str, ...]:
        return (*self.labels, *self.added)

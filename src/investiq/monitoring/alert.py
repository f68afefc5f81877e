"""An alert as data: when it fires, how bad it is, and what a person reads who is woken by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from investiq.foundation.vocabulary import Severity, Subject
from investiq.promql.number import number_text

__all__ = ["Alert", "NoData"]


class NoData(StrEnum):
    """What the alert does when its query returns nothing."""

    QUIET = "no data is the good case: nothing happened that could be wrong"
    COVERED = "no data means that the emitter is down, and another alert pages for that"
    NEVER = "the query always has data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alerting rule.

    Attributes:
        name: two rules may share one, where they differ in severity.
        query: what is measured, as PromQL; a panel of the same thing draws exactly this.
        op: comparison of query and threshold; None where any result fires.
        extra_condition: further condition, such as the traffic floor of a ratio, starting with `and`, `or` or `unless`.
        for_seconds: how long the condition holds before the alert fires (`for`).
        service: the scrape job that is at fault; the value inhibition goes by. None where the series say it themselves.
        summary: one line for a phone; may use Prometheus templates.
        description: what the user loses, and what InvestIQ still does.
        covered_by: the alert that pages when this one has no data, with `NoData.COVERED`.
        dashboard: the name of its dashboard, with templates of Prometheus; None where it is that of the subject.
        annotations: further annotations, for machines.
    """

    name: str
    subject: Subject
    severity: Severity
    query: str
    summary: str
    description: str
    no_data: NoData
    op: Literal[">", "<", "==", "!="] | None = None
    threshold: float | None = None
    extra_condition: str = ""
    for_seconds: int = 0
    service: str | None = "{{ $labels.job }}"
    covered_by: str | None = None
    dashboard: str | None = None
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def expr(self) -> str:
        """The whole condition in PromQL."""
        condition = self.query
        if self.op is not None and self.threshold is not None:
            condition = f"{condition} {self.op} {number_text(self.threshold)}"
        return f"{condition} {self.extra_condition}".rstrip()

    @property
    def page(self) -> str:
        """Where the console draws its dashboard, below `/operations/`."""
        return self.subject.value if self.dashboard is None else self.dashboard

    @property
    def runbook(self) -> str:
        """Where the console shows its runbook entry, below `/runbooks/`."""
        return f"{self.subject}/{self.name}"

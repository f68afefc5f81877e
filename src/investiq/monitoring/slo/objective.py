"""A service level objective as data: which events count, which of them are bad, and how many of those are too many."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from investiq.foundation.vocabulary import Severity
from investiq.monitoring.recording import Recording

__all__ = ["BudgetingMethod", "Events", "Slo"]


class BudgetingMethod(StrEnum):
    """What a budget is made of; the methods are those of OpenSLO."""

    OCCURRENCES = "occurrences"
    """Events: one of a busy hour counts as much as one of a quiet hour."""
    RATIO_TIMESLICES = "ratio_timeslices"
    """Time: each moment is as bad as the share of the events around it that failed. What a dead service did not get to
    do leaves no events; the time in which it was dead is there all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What happens, as PromQL of events a second, each of one series without labels.

    Attributes:
        sparse: while nothing ever failed there may be no series of `bad`: then none was bad.
        reads: recordings that the two are built on.
        indicator: what is there as long as the events can be counted, whether or not any happens; default: `total`.
    """

    bad: str
    total: str
    sparse: bool = False
    reads: tuple[Recording, ...] = ()
    indicator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """One objective.

    Attributes:
        service: the scrape job that it is about, by which a dead service mutes it.
        objective: share of events, or of time, that must be good; above 0 and below 1.
        page: severity of the alert when the budget burns fast.
    """

    name: str
    service: str
    description: str
    objective: Decimal
    events: Events
    page: Severity
    window_days: int = 30
    budgeting: BudgetingMethod = BudgetingMethod.OCCURRENCES

"""What `investiq slo` shows, made of the samples of the recorded series that Prometheus has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from investiq.clients.prometheus import Prometheus, Sample
from investiq.clients.session import HttpSettings
from investiq.foundation.config import Config
from investiq.monitoring.recording import Recording
from investiq.monitoring.rules.slo import (
    BURN_RATES,
    BURNS_FAST,
    BURNS_SLOWLY,
    ERROR_RATIO,
    INDICATOR_ABSENT,
    REMAINING,
)
from investiq.monitoring.slo import slos_of
from investiq.monitoring.slo.objective import Slo

__all__ = ["FIRING", "READ", "RECORDED", "BudgetState", "Status", "read_statuses", "statuses"]

READ: tuple[Recording, ...] = (ERROR_RATIO, REMAINING, *BURN_RATES.values())
"""The recordings that the table is made of."""

RECORDED = f'{{__name__=~"{"|".join(recording.name for recording in READ)}"}}'
"""PromQL of all of them at once."""

_OF_SLOS = (BURNS_FAST, BURNS_SLOWLY, INDICATOR_ABSENT)

FIRING = f'ALERTS{{alertstate="firing", alertname=~"{"|".join(_OF_SLOS)}"}}'
"""PromQL of the alerts about SLOs that fire."""

SECONDS = 10.0
"""How long Prometheus may take to answer."""


class BudgetState(StrEnum):
    """How an SLO is, the worst first."""

    BURNS_FAST = "burns fast"
    SPENT = "budget spent"
    BURNS_SLOWLY = "burns slowly"
    NO_INDICATOR = "no data"
    NO_DATA = "no data yet"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Status:
    """One SLO as it is now.

    Attributes:
        current: share of its window that was good; None before the first event, and while its indicator is gone.
        remaining: share of the error budget that is left, below 0 where the objective is missed; None as above.
        burn_rates: window -> how many times as fast as it may the budget burns; None where nothing happened in it.
    """

    slo: Slo
    state: BudgetState
    current: float | None
    remaining: float | None
    burn_rates: Mapping[str, float | None]


async def read_statuses(config: Config) -> tuple[Status, ...]:
    """Each SLO of `config` as it is now; one of which nothing is recorded yet says so.

    Raises:
        ConfigError: a threshold cannot be.
        ClientError: Prometheus does not answer, or not as it should.
    """
    slos = slos_of(config)
    async with Prometheus.of(config, HttpSettings(timeout_seconds=SECONDS)) as prometheus:
        return statuses(slos, await prometheus.query(RECORDED), await prometheus.query(FIRING))


def statuses(slos: Sequence[Slo], recorded: Iterable[Sample], firing: Iterable[Sample]) -> tuple[Status, ...]:
    """Each of `slos` as the samples of `RECORDED` and `FIRING` tell it."""
    values = {
        (sample.labels.get("slo"), sample.labels.get("__name__")): sample.value
        for sample in recorded
        if math.isfinite(sample.value)
    }
    alerts = {(sample.labels.get("slo"), sample.labels.get("alertname")) for sample in firing}

    def status(slo: Slo) -> Status:
        failed = values.get((slo.name, ERROR_RATIO.name))
        remaining = values.get((slo.name, REMAINING.name))
        burns = {window: values.get((slo.name, recording.name)) for window, recording in BURN_RATES.items()}
        fires = {name for name in _OF_SLOS if (slo.name, name) in alerts}
        if INDICATOR_ABSENT in fires:  # what was good before would read as good now
            failed = remaining = None
        return Status(slo, _state(fires, remaining), None if failed is None else 1 - failed, remaining, burns)

    return tuple(map(status, slos))


def _state(fires: set[str], remaining: float | None) -> BudgetState:
    if BURNS_FAST in fires:
        return BudgetState.BURNS_FAST
    if remaining is not None and remaining <= 0:
        return BudgetState.SPENT
    if BURNS_SLOWLY in fires:
        return BudgetState.BURNS_SLOWLY
    if INDICATOR_ABSENT in fires:
        return BudgetState.NO_INDICATOR
    return BudgetState.NO_DATA if remaining is None else BudgetState.GOOD

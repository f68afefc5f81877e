"""What the table says, made of samples."""

from __future__ import annotations

import math

import pytest

from investiq.clients.prometheus import Sample
from investiq.foundation.config import Config
from investiq.monitoring.rules.slo import (
    BURN_RATES,
    BURNS_FAST,
    BURNS_SLOWLY,
    ERROR_RATIO,
    INDICATOR_ABSENT,
    REMAINING,
)
from investiq.monitoring.slo import slos_of
from investiq.operate.slo.status import BudgetState, Status, statuses

SLOS = slos_of(Config())[:1]


def _sample(name: str, value: float) -> Sample:
    return Sample({"__name__": name, "slo": "api-availability", "service": "investiq-api"}, value, at=0)


def _firing(name: str, slo: str = "api-availability") -> Sample:
    return Sample({"__name__": "ALERTS", "alertname": name, "slo": slo}, 1, at=0)


def _status(*recorded: Sample, firing: tuple[Sample, ...] = ()) -> Status:
    (status,) = statuses(SLOS, recorded, firing)
    return status


def test_everything_is_read_from_the_recorded_series() -> None:
    status = _status(
        _sample(ERROR_RATIO.name, 0.0004), _sample(REMAINING.name, 0.6), _sample(BURN_RATES["1h"].name, 2.5)
    )
    assert status.current == pytest.approx(0.9996)
    assert (status.remaining, status.burn_rates["1h"], status.burn_rates["3d"]) == (0.6, 2.5, None)
    assert status.state is BudgetState.GOOD


def test_nothing_recorded_is_said_to_be_nothing() -> None:
    status = _status()
    assert (status.state, status.current, status.remaining) == (BudgetState.NO_DATA, None, None)
    assert set(status.burn_rates.values()) == {None}


def test_what_is_no_number_is_no_data() -> None:
    assert _status(_sample(REMAINING.name, math.nan)).state is BudgetState.NO_DATA


@pytest.mark.parametrize(
    ("remaining", "alerts", "state"),
    [
        (0.5, (BURNS_FAST, BURNS_SLOWLY), BudgetState.BURNS_FAST),
        (0.5, (BURNS_SLOWLY,), BudgetState.BURNS_SLOWLY),
        (0.0, (), BudgetState.SPENT),
        (-1.0, (BURNS_SLOWLY,), BudgetState.SPENT),
        (-1.0, (BURNS_FAST,), BudgetState.BURNS_FAST),
    ],
)
def test_the_worst_is_the_state(remaining: float, alerts: tuple[str, ...], state: BudgetState) -> None:
    assert _status(_sample(REMAINING.name, remaining), firing=tuple(map(_firing, alerts))).state is state


def test_the_alert_of_another_slo_is_none_of_this() -> None:
    assert _status(_sample(REMAINING.name, 1.0), firing=(_firing(BURNS_FAST, "other"),)).state is BudgetState.GOOD


def test_an_slo_over_nothing_reads_no_data_though_its_window_was_good() -> None:
    good = (_sample(ERROR_RATIO.name, 0.0), _sample(REMAINING.name, 1.0))
    status = _status(*good, firing=(_firing(INDICATOR_ABSENT),))
    assert (status.state, status.current, status.remaining) == (BudgetState.NO_INDICATOR, None, None)
    assert status.state.value == "no data"

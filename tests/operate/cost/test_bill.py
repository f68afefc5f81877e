"""A month is priced by what is configured, and by nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation.config.schema import CostConfig
from investiq.operate.cost.bill import Usage, bill, document
from investiq.operate.cost.usage import NoSuchMonth, month_of

USAGE = Usage(provider_calls=1000, notifications=20, storage_gib_months=0.5, watched=0.25)
PRICES = CostConfig(
    provider_call=Decimal("0.001"),
    notification=Decimal("0.05"),
    storage_gib_month=Decimal(2),
    monthly_budget=Decimal(10),
)


def test_a_month_is_what_was_counted_times_its_prices() -> None:
    found = bill("2026-11", USAGE, PRICES)
    assert [line.cost for line in found.lines] == [1, 1, 1]
    assert (found.spent, found.forecast, found.exceeds) == (Decimal(3), Decimal(12), True)


def test_without_prices_nothing_is_free() -> None:
    found = bill("2026-11", USAGE, CostConfig(monthly_budget=Decimal(1)))
    assert (found.spent, found.forecast, found.exceeds) == (None, None, False)
    assert [line.cost for line in found.lines] == [None] * 3
    assert len(found.not_priced) == 3
    assert document(found)["spent"] is None


def test_a_price_of_zero_is_one() -> None:
    found = bill("2026-11", USAGE, CostConfig(provider_call=Decimal(0)))
    assert (found.spent, [line.setting for line in found.not_priced]) == (
        Decimal(0),
        ["cost.notification", "cost.storage_gib_month"],
    )


def test_what_was_not_counted_costs_what_nobody_knows() -> None:
    found = bill("2026-11", Usage(None, 20, None, 0.25), PRICES)
    assert [line.cost for line in found.lines] == [None, 1, None]


def test_less_than_an_hour_is_no_pace() -> None:
    assert bill("2026-11", Usage(1, 1, 1, 0.001), PRICES).forecast is None


@given(st.floats(0.01, 1), st.integers(0, 10**9))
def test_a_forecast_is_never_less_than_what_was_spent(watched: float, calls: int) -> None:
    found = bill("2026-11", Usage(float(calls), 0, 0, watched), PRICES)
    assert found.forecast is not None
    assert found.spent is not None
    assert found.forecast >= found.spent


NOW = datetime(2026, 12, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [(None, (2026, 12), (2027, 1)), ("2026-12", (2026, 12), (2027, 1)), ("2026-02", (2026, 2), (2026, 3))],
)
def test_a_month_ends_where_the_next_begins(text: str | None, start: tuple[int, int], end: tuple[int, int]) -> None:
    assert month_of(text, NOW) == (datetime(*start, 1, tzinfo=UTC), datetime(*end, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "november", "", "2027-01", "2026-11-01", "0000-01", "٢٠٢٦-11"])
def test_what_is_no_month_that_has_begun_is_refused(text: str) -> None:
    with pytest.raises(NoSuchMonth):
        month_of(text, NOW)

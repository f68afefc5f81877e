from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, Integer, MetaData, Table, func, insert, select
from sqlalchemy.exc import StatementError

from investiq.foundation.store import reading, writing
from investiq.foundation.store.types import ExactDecimal, UtcDateTime
from tests.chance import examples

metadata = MetaData()
values = Table(
    "values_kept",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("money", ExactDecimal(4)),
    Column("at", UtcDateTime),
)

money = st.decimals(min_value=-(10**13), max_value=10**13, places=4, allow_nan=False, allow_infinity=False)
times = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))]))


@pytest.fixture
def table(engine: Engine) -> Engine:
    metadata.create_all(engine)
    return engine


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(25), deadline=None)
@given(amounts=st.lists(money, min_size=1, max_size=20), at=times)
def test_what_goes_in_comes_out_and_sums_exactly(table: Engine, amounts: list[Decimal], at: datetime) -> None:
    with writing(table) as connection:
        connection.execute(values.delete())
        connection.execute(insert(values), [{"money": amount, "at": at} for amount in amounts])
    with reading(table) as connection:
        rows = connection.execute(select(values.c.money, values.c.at).order_by(values.c.id)).all()
        total = connection.scalar(select(func.sum(values.c.money)))
        largest = connection.scalar(select(func.max(values.c.money)))
        not_below = connection.scalar(select(func.count()).where(values.c.money >= amounts[0]))
    assert [row.money for row in rows] == amounts
    assert {row.at for row in rows} == {at}
    assert rows[0].at.tzinfo is UTC or rows[0].at.utcoffset() == timedelta(0)
    assert (total, largest) == (sum(amounts), max(amounts))
    assert not_below == sum(amount >= amounts[0] for amount in amounts)


@pytest.mark.parametrize("bad", [Decimal("0.00001"), Decimal("NaN"), Decimal("Infinity"), Decimal(10) ** 14, 1.5])
def test_what_cannot_be_kept_exactly_is_refused(table: Engine, bad: object) -> None:
    with pytest.raises(StatementError, match="cannot be stored"), writing(table) as connection:
        connection.execute(insert(values).values(money=bad))


def test_a_time_without_a_zone_is_refused(table: Engine) -> None:
    with pytest.raises(StatementError, match="with its zone"), writing(table) as connection:
        connection.execute(insert(values).values(at=datetime(2008, 1, 2)))  # noqa: DTZ001 - the fault under test

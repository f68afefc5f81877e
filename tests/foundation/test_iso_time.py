"""Dates and times, and what only looks like one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from investiq.foundation.iso_time import IsoDate, IsoMoment

DATE: TypeAdapter[date] = TypeAdapter(IsoDate)
MOMENT: TypeAdapter[datetime] = TypeAdapter(IsoMoment)


def test_iso_is_read() -> None:
    assert DATE.validate_python("2008-01-02") == date(2008, 1, 2)
    assert MOMENT.validate_python("2008-01-02T15:30:00Z") == datetime(2008, 1, 2, 15, 30, tzinfo=UTC)
    assert MOMENT.validate_python("2008-01-02T16:30:00.5+01:00").microsecond == 500_000


@pytest.mark.parametrize(
    "value",
    ["0", "1199232000", "1e9", "-1", "", "2008", "2008-1-2", "20080102", "2008-13-01", "٢٠٠٨-٠١-٠٢", 0, 1.5, None],
)
def test_a_number_is_no_time(value: Any) -> None:
    for adapter in (DATE, MOMENT):
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


def test_a_time_without_an_offset_is_none() -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python("2008-01-02T15:30:00")

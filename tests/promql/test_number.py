"""Numbers as text of PromQL, and the spellings of others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.utils import floatToGoString

from investiq.promql.number import any_spelling, number_text
from investiq.promql.parse import parse
from investiq.promql.tree import Number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.268435456, "0.268435456"),
        (1.0, "1"),
        (14.4, "14.4"),
        (1_234_567.0, "1234567"),
        (1e-7, "1e-07"),
        (-0.5, "-0.5"),
    ],
)
def test_a_number_is_its_shortest_text(value: float, text: str) -> None:
    assert number_text(value) == text


@given(st.floats(min_value=0, allow_infinity=False))
def test_the_text_reads_back_as_the_same_number(value: float) -> None:
    assert float(number_text(value)) == value
    assert parse(number_text(value)) == Number(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.3, ("0.3", "0.30", ".3")),
        (0.268435456, ("0.268435456", "0.2684354560")),
        (1, ("1", "1.0", "1.00")),
        (10, ("10", "10.0")),
        (1_000_000, ("1000000", "1000000.0", "1e+06", "1e6", "1.0E6", "1E+06", "1.0e+06")),
        (2_500_000, ("2.5e+06", "2500000", "2.5E6")),
        (1e7, ("1.0E7", "1e+07", "10000000")),
        (0.0005, ("0.0005", "5.0E-4", "5e-04")),
        (1e-5, ("1e-05", "1e-5", "0.00001", "1.0E-5")),
        (1e21, ("1e+21", "1000000000000000000000")),
        (0, ("0", "0.0")),
        (-1, ("-1", "-1.0")),
    ],
)
def test_every_spelling_of_an_exporter_is_matched(value: float, written: tuple[str, ...]) -> None:
    assert [text for text in written if not re.fullmatch(any_spelling(value), text)] == []


_POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)


@given(_POSITIVE, _POSITIVE)
def test_what_python_writes_is_matched_and_no_other_number(value: float, other: float) -> None:
    pattern = any_spelling(value)
    for text in (repr(value), number_text(value), floatToGoString(value)):  # type: ignore[no-untyped-call]
        assert re.fullmatch(pattern, text)
    if other != value:
        assert not re.fullmatch(pattern, repr(other))
        assert not re.fullmatch(pattern, number_text(other))

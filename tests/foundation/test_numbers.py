"""Numbers in text: one meaning, or refused with what it may have meant."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation.numbers import MalformedNumber, parse_decimal, parse_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1000", "1000"),
        (" 2500.50 ", "2500.50"),
        ("1,000.50", "1000.50"),
        ("10,500", "10500"),
        ("1,000,000", "1000000"),
        ("0.0001", "0.0001"),
        (".5", "0.5"),
        ("-3", "-3"),
    ],
)
def test_what_has_one_meaning_is_read(text: str, number: str) -> None:
    assert parse_number(text) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("10,5", "write 10.5 or 105"),
        ("1,00", "write 1.00 or 100"),
        ("1,0000", "write 1.0000 or 10000"),
        ("0,500", "write 0.500 or 500"),
        ("1000,000", "write 1000.000 or 1000000"),
        ("1,000,5", "write 1000.5 or 10005"),
        ("1,00,000", "write 100000"),
        ("1.000,50", "write 1000.50"),
        ("1.000.000", "write 1000000"),
        ("1_0", "write 10"),
        ("1e5", "write 100000"),
        ("1 000", "write 1000"),
        ("1\u202f000", "write 1000"),
        ("1'000", "write 1000"),
        ("$5", "write 5"),
        ("+5", "write 5"),
        ("5.", "write 5"),
        ("١٠", "write 10"),
        ("１０", "write 10"),
    ],
)
def test_what_may_mean_something_else_is_refused_with_what_it_may_have_meant(text: str, advice: str) -> None:
    with pytest.raises(MalformedNumber, match=f"{re.escape(advice)}$"):
        parse_number(text)


@pytest.mark.parametrize("text", ["", "ten", "NaN", "Infinity", "-", ",", "1,2,3.4,5", "1e99", "½", "0x10", "\udce4"])
def test_what_is_no_number_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(MalformedNumber, match=re.escape("write it as 10 or 2,500.50")):
        parse_number(text)


def test_an_endless_number_is_refused_in_a_few_words() -> None:
    with pytest.raises(MalformedNumber) as refused:
        parse_number("9" * 100_000)
    assert len(refused.value.message) < 120


@given(st.text("0123456789٣٤,._eE+- '$", max_size=14))
def test_what_is_advised_would_be_read(text: str) -> None:
    try:
        parse_number(text)
    except MalformedNumber as error:
        _, _, advice = error.message.partition("write ")
        for number in advice.removeprefix("it as ").split(" or "):
            parse_number(number)


@pytest.mark.parametrize("text", ["1234.5", "-1", "+1", "1.", ".5", "1e-05", "1.5E+3", " 7\n"])
def test_what_programs_write_is_read(text: str) -> None:
    assert parse_decimal(text) == Decimal(text.strip())


@pytest.mark.parametrize(
    "text", ["1_0", "1,000", "١٠", "１０", "NaN", "Infinity", "", "1 0", "1\u00a0", "0x1", "1E+999999"]
)
def test_what_programs_do_not_write_is_refused(text: str) -> None:
    with pytest.raises(MalformedNumber):
        parse_decimal(text)

"""Symbols as people type them."""

from __future__ import annotations

import pytest

from investiq.invest.market.types import MalformedSymbol, parse_symbol


@pytest.mark.parametrize(
    ("text", "symbol"), [("AAPL", "AAPL"), (" aapl\n", "AAPL"), ("brk.b", "BRK.B"), ("BF-B", "BF-B"), ("F", "F")]
)
def test_case_and_spaces_are_forgiven(text: str, symbol: str) -> None:
    assert parse_symbol(text) == symbol


@pytest.mark.parametrize(
    "text", ["", " ", "AA PL", "1AAPL", "TOOLONGNAME", "A.", ".B", "../etc", "AAPL;", "ÄPL", "A.B.C"]
)
def test_what_cannot_be_a_ticker_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(MalformedSymbol, match="expected 1 to 6 letters"):
        parse_symbol(text)

"""The words of the market: symbol, bar, quote. Prices are `Decimal`; times are aware UTC datetimes of *market* time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NewType

from investiq.foundation.errors import InvestIQError

__all__ = [
    "FIGURES",
    "PRICE_STEP",
    "Bar",
    "Fundamentals",
    "Headline",
    "MalformedSymbol",
    "Quote",
    "Symbol",
    "parse_symbol",
]

Symbol = NewType("Symbol", str)
"""A ticker in canonical form: upper case, `parse_symbol` made it."""

PRICE_STEP = Decimal("0.0001")
"""Prices are rounded to this step, the finest that US equities are quoted in."""

FIGURES = ("pe_ratio", "pb_ratio", "debt_to_equity", "roe", "revenue_growth")
"""The figures of a company that an engine asks for."""

_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{0,5}([.\-][A-Z0-9]{1,3})?")


class MalformedSymbol(InvestIQError):
    """The text cannot be a ticker at all (HTTP 422)."""

    reason = "malformed_symbol"


def parse_symbol(text: str) -> Symbol:
    """The canonical symbol for `text` (spaces around it and lower case are forgiven).

    Raises:
        MalformedSymbol: `text` cannot be a ticker, such as an empty string or `"AA PL"`.
    """
    candidate = text.strip().upper() if text.isascii() else ""  # the upper case of ß is SS
    if not _SYMBOL.fullmatch(candidate):
        raise MalformedSymbol(
            f"{text[:40]!r} is not a symbol: expected 1 to 6 letters or digits that start with a letter, "
            "with an optional class such as BRK.B"
        )
    return Symbol(candidate)


@dataclass(frozen=True, slots=True)
class Bar:
    """One session of one symbol. Prices in dollars adjusted for splits and dividends; volume in shares."""

    session: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int


@dataclass(frozen=True, slots=True)
class Quote:
    """The latest real price at or before the market's now. `sequence` grows by one with each price of a symbol."""

    symbol: Symbol
    price: Decimal
    at: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class Headline:
    """One published headline about a symbol."""

    published_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Fundamentals:
    """A company's figures as they became public at `published_at`.

    `values` maps a figure's name (one of `FIGURES`, or any other) to its value; ratios and growth rates are fractions
    (0.12 is 12 %). A figure that was not given is absent, never zero.
    """

    published_at: datetime
    values: Mapping[str, float]

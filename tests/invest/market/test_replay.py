"""The shipped prices are the credited ones, whole, consistent and adjusted."""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Sequence
from decimal import Decimal
from importlib.resources import files

import pytest

from investiq.invest.market.calendar import xnys
from investiq.invest.market.provider import UnknownSymbol
from investiq.invest.market.providers.replay import ReplayProvider
from investiq.invest.market.types import Bar, Symbol
from tests.invest.market.shipped_columns import source_bars

_DATA = files("investiq.invest.market").joinpath("data")


@pytest.fixture(scope="module")
def provider() -> ReplayProvider:
    return ReplayProvider()


def _every_bar(provider: ReplayProvider) -> Sequence[tuple[Symbol, Bar]]:
    return [(symbol, bar) for symbol in provider.symbols() for bar in provider.bars(symbol)]


def _raw() -> Sequence[dict[str, str]]:
    with gzip.open(_DATA.joinpath("stocks.csv.gz").open("rb"), "rt") as text:
        return list(csv.DictReader(text))


def test_the_shipped_file_is_the_one_that_is_credited() -> None:
    digest = hashlib.sha256(_DATA.joinpath("stocks.csv.gz").read_bytes()).hexdigest()
    assert f"`{digest}`" in _DATA.joinpath("CREDIT.md").read_text(encoding="utf-8")


def test_the_columns_that_are_read_are_those_of_the_credited_file(provider: ReplayProvider) -> None:
    source = source_bars()
    assert provider.symbols() == tuple(source)
    assert {symbol: provider.bars(symbol) for symbol in provider.symbols()} == source


def test_it_serves_five_symbols_from_their_first_session_to_the_last(provider: ReplayProvider) -> None:
    spans = {s: (str(provider.bars(s)[0].session), str(provider.bars(s)[-1].session)) for s in provider.symbols()}
    assert spans == {
        "AAPL": ("2000-03-01", "2013-03-01"),
        "FB": ("2012-05-18", "2013-03-01"),
        "GOOG": ("2004-08-19", "2013-03-01"),
        "IBM": ("2000-03-01", "2013-03-01"),
        "MSFT": ("2000-03-01", "2013-03-01"),
    }


def test_every_session_of_the_exchange_has_its_bar(provider: ReplayProvider) -> None:
    for symbol in provider.symbols():
        days = [bar.session for bar in provider.bars(symbol)]
        assert days == [session.day for session in xnys().sessions(days[0], days[-1])]


def test_prices_stay_consistent_after_scaling_and_rounding(provider: ReplayProvider) -> None:
    wrong = [
        (symbol, bar)
        for symbol, bar in _every_bar(provider)
        if not 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high or bar.volume <= 0
    ]
    assert wrong == []


def test_the_source_itself_has_no_row_whose_high_or_low_is_contradicted() -> None:
    """Measured, and pinned because CREDIT.md says it: no row had to be mended."""
    for row in _raw():
        low, high = Decimal(row["Low"]), Decimal(row["High"])
        assert all(0 < low <= Decimal(row[name]) <= high for name in ("Open", "Close")), row


def test_the_close_is_the_adjusted_close_and_the_dollars_traded_are_kept(provider: ReplayProvider) -> None:
    for row, (symbol, bar) in zip(_raw(), _every_bar(provider), strict=True):
        assert (symbol, str(bar.session)) == (row["Ticker"], row["Date"])
        adjusted = Decimal(row["Adj Close"])
        assert abs(bar.close - adjusted) <= Decimal("0.00005")
        dollars = Decimal(row["Close"]) * int(row["Volume"])
        assert abs(adjusted * bar.volume - dollars) <= adjusted  # less than one share


@pytest.mark.parametrize(("symbol", "split"), [("AAPL", "2000-06-21"), ("AAPL", "2005-02-28"), ("MSFT", "2003-02-18")])
def test_a_split_does_not_look_like_a_crash(provider: ReplayProvider, symbol: str, split: str) -> None:
    assert abs(_return_on(provider, symbol, split)) < Decimal("0.10")


def test_the_real_crash_of_apple_is_kept(provider: ReplayProvider) -> None:
    assert _return_on(provider, "AAPL", "2000-09-29") == pytest.approx(Decimal("-0.5187"), abs=Decimal("0.0001"))


def _return_on(provider: ReplayProvider, symbol: str, day: str) -> Decimal:
    bars = provider.bars(Symbol(symbol))
    index = next(index for index, bar in enumerate(bars) if str(bar.session) == day)
    return bars[index].close / bars[index - 1].close - 1


def test_it_has_no_news_and_no_fundamentals_and_refuses_nothing(provider: ReplayProvider) -> None:
    assert provider.headlines(Symbol("AAPL")) is None
    assert provider.fundamentals(Symbol("AAPL")) is None
    assert not provider.refused()


def test_an_unknown_symbol_is_answered_with_the_nearest(provider: ReplayProvider) -> None:
    with pytest.raises(UnknownSymbol, match="no prices for APPL; the nearest known: AAPL") as caught:
        provider.bars(Symbol("APPL"))
    assert caught.value.reason == "unknown_symbol"
    assert caught.value.detail["suggestions"][0] == "AAPL"  # type: ignore[index]

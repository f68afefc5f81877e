"""What every provider of prices must do. A new provider adds a case here and passes all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from investiq.invest.market.calendar import xnys
from investiq.invest.market.provider import BadMarketData, PriceProvider, UnknownSymbol
from investiq.invest.market.providers._template import TemplateProvider
from investiq.invest.market.providers.files import FilesProvider
from investiq.invest.market.providers.replay import ReplayProvider
from investiq.invest.market.types import Symbol

ROWS = (
    "2008-01-02,199.27,200.26,192.55,194.84,38542100",
    "2008-01-03,195.41,197.39,192.69,194.93,30073800",
    "2008-01-04,191.45,193.00,178.89,180.05,51994000",
)


class Rows:
    """A source in memory."""

    def __init__(self, **rows: Sequence[str]) -> None:
        self._rows = rows

    def symbols(self) -> Iterable[str]:
        return self._rows

    def rows(self, symbol: str) -> Iterable[Sequence[str]]:
        return [row.split(",") for row in self._rows[symbol]]


def files_case(folder: Path) -> PriceProvider:
    for symbol in ("IBM", "AAPL"):
        lines = "\n".join(["session,open,high,low,close,volume", *ROWS])
        (folder / f"{symbol}.csv").write_text(lines + "\n", encoding="utf-8")
    return FilesProvider(folder, xnys())


def replay_case(_folder: Path) -> PriceProvider:
    return ReplayProvider()


def template_case(_folder: Path) -> PriceProvider:
    """What others copy has to pass before they do."""
    return TemplateProvider(Rows(IBM=ROWS, AAPL=ROWS), xnys())


CASES = {"replay": replay_case, "files": files_case, "template": template_case}


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> PriceProvider:
    make: Callable[[Path], PriceProvider] = request.param
    return make(tmp_path)


def test_it_names_its_symbols_in_order(provider: PriceProvider) -> None:
    symbols = list(provider.symbols())
    assert symbols == sorted(symbols)
    assert {"AAPL", "IBM"} <= set(symbols)


def test_every_symbol_that_it_names_has_a_history_that_ascends_and_fits_together(provider: PriceProvider) -> None:
    for symbol in provider.symbols():
        bars = provider.bars(symbol)
        sessions = [bar.session for bar in bars]
        assert sessions == sorted(set(sessions)) != []
        assert all(0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)


def test_it_tells_the_same_history_twice(provider: PriceProvider) -> None:
    assert list(provider.bars(Symbol("AAPL"))) == list(provider.bars(Symbol("AAPL")))


def test_a_symbol_that_it_lacks_is_an_error_with_the_nearest(provider: PriceProvider) -> None:
    with pytest.raises(UnknownSymbol) as refused:
        provider.bars(Symbol("AAPX"))
    suggestions = refused.value.detail["suggestions"]
    assert isinstance(suggestions, list)
    assert suggestions[0] == "AAPL"


def test_what_it_serves_it_does_not_refuse(provider: PriceProvider) -> None:
    assert not set(provider.refused()) & set(provider.symbols())


def test_without_news_or_figures_for_anybody_it_has_none_rather_than_an_empty_list(provider: PriceProvider) -> None:
    assert provider.headlines(Symbol("AAPL")) is None
    assert provider.fundamentals(Symbol("AAPL")) is None


def test_the_template_refuses_a_symbol_with_a_bad_row_as_a_whole_and_names_the_row() -> None:
    upside_down = "2008-01-03,195.41,190.00,192.69,194.93,30073800"
    provider = TemplateProvider(Rows(AAPL=ROWS, IBM=(ROWS[0], upside_down)), xnys())
    assert list(provider.symbols()) == ["AAPL"]
    assert any(reason.startswith("IBM:2") for reason in provider.refused()[Symbol("IBM")])


def test_the_template_without_any_whole_history_is_an_error() -> None:
    with pytest.raises(BadMarketData):
        TemplateProvider(Rows(IBM=("2008-01-03,1,0,2,1,1",)), xnys())

"""The listing of the symbols is written once between two prices, and not kept beyond the second, nor without bound."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from investiq.invest.market.types import Symbol, parse_symbol
from investiq.serve.api.symbol_pages import SymbolPages
from tests.serve.api.installation import Installation


@pytest.fixture
def written(still: Installation, monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The limit of each page that was put together."""
    limits: list[int | None] = []
    market, overview = still.parts.market, still.parts.market.overview

    def noted(*, after: Symbol | None = None, limit: int | None = None) -> object:
        limits.append(limit)
        return overview(after=after, limit=limit)

    monkeypatch.setattr(market, "overview", noted)
    return limits


async def test_a_page_is_put_together_once_between_two_prices(still: Installation, written: list[int | None]) -> None:
    pages = SymbolPages(still.parts.market)
    first = pages.page(None, 2)
    still.clock.current += timedelta(minutes=1)
    assert pages.page(None, 2) is first
    assert written == [3]
    still.clock.current += timedelta(hours=2)
    assert json.loads(pages.page(None, 2)) != json.loads(first)
    assert written == [3, 3]


async def test_only_so_many_pages_are_kept(still: Installation, written: list[int | None]) -> None:
    pages = SymbolPages(still.parts.market)
    for limit in (*range(1, 40), 1):
        pages.page(None, limit)
    assert len(written) == 40, "the first was given up for those after it"
    assert json.loads(pages.page(parse_symbol("GOOG"), 1))["symbols"][0]["symbol"] == "IBM"


async def test_a_price_that_comes_while_a_page_is_put_together_is_not_missed(
    still: Installation, written: list[int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages, market = SymbolPages(still.parts.market), still.parts.market
    overview = market.overview

    def slow(*, after: Symbol | None = None, limit: int | None = None) -> object:
        found = overview(after=after, limit=limit)
        still.clock.current += timedelta(hours=2)
        return found

    with monkeypatch.context() as once:
        once.setattr(market, "overview", slow)
        before = json.loads(pages.page(None, None))
    after = json.loads(pages.page(None, None))
    assert before["symbols"][0]["last_price_at"] < after["symbols"][0]["last_price_at"]

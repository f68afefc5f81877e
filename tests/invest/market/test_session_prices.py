"""Which of a day's extremes comes first tells nothing and favours nobody."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal

import pytest

from investiq.invest.market.calendar import xnys
from investiq.invest.market.providers.replay import ReplayProvider
from investiq.invest.market.session_prices import price_order
from investiq.invest.market.types import Bar, Symbol
from tests.invest.market.fakes import AAPL, IBM, bar

_REPLAY = ReplayProvider()


def _extremes(symbol: Symbol, each: Bar) -> tuple[Decimal, Decimal]:
    _, first, second, _ = price_order(symbol, each.session)
    return getattr(each, first), getattr(each, second)


def _high_comes_first(symbol: Symbol, each: Bar) -> bool:
    return _extremes(symbol, each) == (each.high, each.low)


@pytest.mark.parametrize("symbol", _REPLAY.symbols())
def test_buying_at_one_extreme_and_selling_at_the_other_earns_nothing_to_speak_of(symbol: Symbol) -> None:
    """Days' ranges are some percent wide: a fixed order would give its friend all of them."""
    moves = [math.log(second / first) for first, second in (_extremes(symbol, b) for b in _REPLAY.bars(symbol))]
    mean = sum(moves) / len(moves)
    spread = math.sqrt(sum((move - mean) ** 2 for move in moves) / len(moves))
    assert abs(mean) < 3 * spread / math.sqrt(len(moves))


def test_the_order_does_not_depend_on_the_prices_of_the_day() -> None:
    up, down = bar("2008-01-03", 100), bar("2008-01-03", 1000)
    assert _high_comes_first(AAPL, up) == _high_comes_first(AAPL, down)


def test_the_order_is_the_same_in_every_process_and_differs_between_symbols() -> None:
    days = [session.day for session in xnys().sessions(date(2008, 1, 2), date(2008, 1, 9))]
    high, low = True, False
    orders = {symbol: [_high_comes_first(symbol, bar(day, 100)) for day in days] for symbol in (AAPL, IBM)}
    assert orders == {AAPL: [high, high, high, low, low, high], IBM: [low, high, high, low, low, high]}

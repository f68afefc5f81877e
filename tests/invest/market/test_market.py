"""The market shows what was known at its now, and nothing later."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import MarketPhase, Part
from investiq.invest.market.calendar import xnys
from investiq.invest.market.history import History
from investiq.invest.market.market import Market
from investiq.invest.market.provider import ObservedProvider, UnknownSymbol
from investiq.invest.market.providers.replay import ReplayProvider
from investiq.invest.market.types import Bar, Fundamentals, Headline, Symbol
from tests.invest.market.fakes import AAPL, IBM, FakeClock, FakeProvider, bar, utc

FB = Symbol("FB")
MONTH = [
    bar(session.day, 100 + 10 * n) for n, session in enumerate(xnys().sessions(date(2008, 1, 2), date(2008, 1, 31)))
]


def _market(now: str, provider: FakeProvider | None = None, ends_at: str | None = None) -> Market:
    clock = FakeClock(utc(now), None if ends_at is None else utc(ends_at))
    return Market(provider or FakeProvider({AAPL: MONTH, IBM: MONTH[3:]}), clock, xnys())


def _days(bars: object) -> list[int]:
    assert isinstance(bars, History)
    return [each.session.day for each in bars]


@pytest.mark.parametrize(
    ("now", "price", "at"),
    [
        ("2008-01-03 14:30:00", 110, "2008-01-03 14:30"),
        ("2008-01-03 16:39:59", 110, "2008-01-03 14:30"),
        ("2008-01-03 16:40:00", 112, "2008-01-03 16:40"),
        ("2008-01-03 18:49:59", 112, "2008-01-03 16:40"),
        ("2008-01-03 18:50:00", 108, "2008-01-03 18:50"),
        ("2008-01-03 20:59:59", 108, "2008-01-03 18:50"),
        ("2008-01-03 21:00:00", 111, "2008-01-03 21:00"),
        ("2008-01-04 14:29:59", 111, "2008-01-03 21:00"),
        ("2008-01-04 14:30:00", 120, "2008-01-04 14:30"),
        ("2008-01-07 16:40:00", 128, "2008-01-07 16:40"),
        ("2008-01-07 18:50:00", 132, "2008-01-07 18:50"),
    ],
)
def test_a_session_shows_its_open_its_extremes_and_its_close(now: str, price: int, at: str) -> None:
    quote = _market(now).quote(AAPL)
    assert quote is not None
    assert (quote.symbol, quote.price, quote.at) == (AAPL, Decimal(price), utc(at))


@pytest.mark.parametrize(
    ("now", "close"),
    [
        ("2008-01-02 16:40", None),  # of the first session
        ("2008-01-03 14:30", 101),
        ("2008-01-03 20:59", 101),
        ("2008-01-03 21:00", 101),  # at the close, and through the night
        ("2008-01-04 03:00", 101),
        ("2008-01-04 14:30", 111),
        ("2008-01-05 12:00", 111),  # a Saturday: Friday's change
    ],
)
def test_the_previous_close_is_that_of_the_session_before_the_last_price(now: str, close: int | None) -> None:
    assert _market(now).previous_close(AAPL) == (None if close is None else Decimal(close))


def test_a_symbol_that_nobody_knows_has_no_previous_close() -> None:
    assert _market("2008-01-04 15:00").previous_close(FB) is None


def test_a_half_day_shows_its_four_prices_before_its_early_close() -> None:
    provider = FakeProvider({AAPL: [bar("2012-11-23")]})
    prices = [
        quote.price
        for now in ("2012-11-23 14:30", "2012-11-23 15:40", "2012-11-23 16:50", "2012-11-23 18:00")
        if (quote := _market(now, provider).quote(AAPL))
    ]
    assert prices == [100, 98, 102, 101]


def test_every_new_price_raises_the_sequence_by_one() -> None:
    market, clock = _moving()
    sequences = []
    for _ in range(4 * 24 * 20):
        quote = market.quote(AAPL)
        assert quote is not None
        sequences.append(quote.sequence)
        clock.current += timedelta(minutes=15)
    assert sorted(set(sequences)) == list(range(sequences[0], sequences[-1] + 1))
    assert sequences == sorted(sequences)
    assert len(set(sequences)) > 40


def _moving() -> tuple[Market, FakeClock]:
    clock = FakeClock(utc("2008-01-02 14:30"))
    return Market(FakeProvider({AAPL: MONTH}), clock, xnys()), clock


def test_a_bar_appears_with_its_close() -> None:
    assert _days(_market("2008-01-04 20:59:59").bars(AAPL)) == [2, 3]
    assert _days(_market("2008-01-04 21:00:00").bars(AAPL)) == [2, 3, 4]
    assert _days(_market("2008-01-06 12:00:00").bars(AAPL)) == [2, 3, 4]


def test_bars_by_range_and_limit() -> None:
    market = _market("2008-01-12 12:00")
    assert _days(market.bars(AAPL, limit=2)) == [10, 11]
    assert _days(market.bars(AAPL, end=date(2008, 1, 8), limit=2)) == [7, 8]
    assert _days(market.bars(AAPL, start=date(2008, 1, 5), limit=2)) == [7, 8]
    assert _days(market.bars(AAPL, start=date(2008, 1, 4), end=date(2008, 1, 8))) == [4, 7, 8]
    assert _days(market.bars(AAPL, start=date(2008, 1, 9), end=date(2008, 1, 8))) == []
    assert _days(market.bars(AAPL, limit=0)) == []
    assert _days(market.bars(AAPL, limit=99)) == [2, 3, 4, 7, 8, 9, 10, 11]


def test_a_symbol_is_unknown_until_its_first_price() -> None:
    before = _market("2008-01-07 14:29:59")
    assert before.symbols() == (AAPL,)
    assert before.quote(IBM) is None
    for ask in (before.bars, before.headlines, before.fundamentals, before.data_age_seconds):
        with pytest.raises(UnknownSymbol) as caught:
            ask(IBM)
        assert caught.value.detail["suggestions"] == [AAPL]

    at_its_opening = _market("2008-01-07 14:30:00")
    assert at_its_opening.symbols() == (AAPL, IBM)
    assert _days(at_its_opening.bars(IBM)) == []
    assert at_its_opening.quote(IBM) is not None


def test_the_shipped_market_of_2008_does_not_know_facebook() -> None:
    market = Market(ReplayProvider(), FakeClock(utc("2008-01-02 15:00")), xnys())
    assert market.symbols() == ("AAPL", "GOOG", "IBM", "MSFT")
    with pytest.raises(UnknownSymbol):
        market.bars(FB)


def test_suggestions_are_never_empty_and_the_nearest_come_first() -> None:
    market = Market(ReplayProvider(), FakeClock(utc("2013-01-02 15:00")), xnys())
    for unknown, nearest in (("GOGLE", "GOOG"), ("NOPE", None)):
        with pytest.raises(UnknownSymbol) as caught:
            market.bars(Symbol(unknown))
        suggestions = caught.value.detail["suggestions"]
        assert isinstance(suggestions, list)
        assert len(suggestions) == 3
        assert suggestions[0] == nearest or nearest is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2008-01-03 14:30", 0),
        ("2008-01-03 15:30", 3600),
        ("2008-01-03 16:40", 0),
        ("2008-01-03 21:00", 0),
        ("2008-01-04 03:00", 0),  # a closed market does not age
        ("2008-01-31 22:00", 0),
        ("2008-02-01 14:30", 0),  # the data ends here: from now on it ages
        ("2008-02-01 15:30", 3600),
        ("2008-02-02 12:00", 6.5 * 3600),
        ("2008-02-04 15:30", 7.5 * 3600),
    ],
)
def test_the_age_of_the_data_counts_open_market_time_only(now: str, expected: float) -> None:
    assert _market(now).data_age_seconds(AAPL) == expected
    assert _market(now).data_age_seconds() == expected


def test_one_symbol_whose_data_ended_ages_while_the_market_as_a_whole_does_not() -> None:
    market = _market("2008-01-08 21:00", FakeProvider({AAPL: MONTH, IBM: MONTH[:3]}))
    assert market.data_age_seconds(IBM) == 2 * 6.5 * 3600
    assert market.data_age_seconds() == 0


def test_before_the_first_price_of_all_the_age_has_no_end() -> None:
    market = _market("2008-01-02 14:29")
    assert market.symbols() == ()
    assert market.data_age_seconds() == math.inf
    assert market.state().data_age_seconds == math.inf


def test_headlines_and_figures_appear_when_they_are_published() -> None:
    at = utc("2008-01-03 12:00")
    early, late = Headline(at, "now"), Headline(at + timedelta(seconds=1), "a second later")
    figures = Fundamentals(at, {"pe_ratio": 30.0}), Fundamentals(at + timedelta(days=1), {"pe_ratio": 31.0})
    provider = FakeProvider({AAPL: MONTH, IBM: MONTH}, {AAPL: (early, late)}, {AAPL: figures})
    market = _market("2008-01-03 12:00", provider)
    assert market.headlines(AAPL) == (early,)
    assert market.fundamentals(AAPL) == figures[:1]
    assert market.headlines(IBM) == ()


def test_a_provider_without_news_and_figures_is_not_the_same_as_one_with_none_for_a_symbol() -> None:
    market = _market("2008-01-03 12:00")
    assert market.headlines(AAPL) is None
    assert market.fundamentals(AAPL) is None


@pytest.mark.parametrize(
    ("now", "phase", "session", "next_open", "message"),
    [
        (
            "2008-01-03 14:30",
            MarketPhase.OPEN,
            3,
            "2008-01-04 14:30",
            "The session of 2008-01-03 is open until 21:00 UTC.",
        ),
        (
            "2008-01-04 21:00",
            MarketPhase.CLOSED,
            4,
            "2008-01-07 14:30",
            "Closed since 2008-01-04 21:00 UTC; opens 2008-01-07 14:30 UTC.",
        ),
        ("2008-01-31 20:59", MarketPhase.OPEN, 31, None, "The session of 2008-01-31 is open until 21:00 UTC."),
        ("2008-01-31 21:00", MarketPhase.ENDED, 31, None, "2008-01-31 was the last session of the data"),
    ],
)
def test_the_state_says_where_the_market_stands(
    now: str, phase: MarketPhase, session: int, next_open: str | None, message: str
) -> None:
    market = _market(now, ends_at="2008-01-31 21:00")
    state = market.state()
    assert (state.now, state.phase, state.session) == (utc(now), phase, date(2008, 1, session))
    assert (market.now(), market.phase(), market.session()) == (state.now, state.phase, state.session)
    assert state.next_open == (None if next_open is None else utc(next_open))
    assert message in state.message
    assert (state.provider, state.clock, state.ends_at) == ("fake", "fake", utc("2008-01-31 21:00"))


def test_open_seconds_stand_still_while_the_market_is_closed() -> None:
    def open_seconds(now: str) -> float:
        return _market(now).state().open_seconds

    noon, close = open_seconds("2008-01-04 17:00"), open_seconds("2008-01-04 21:00")
    assert close - noon == 4 * 3600
    assert open_seconds("2008-01-06 12:00") == open_seconds("2008-01-07 14:30") == close
    assert open_seconds("2008-01-07 15:00") - close == 1800


def test_what_the_provider_refused_can_be_asked() -> None:
    assert _market("2008-01-03 15:00").refused() == {"BAD": ["BAD.csv:2: close is empty"]}


_REPLAY = ReplayProvider()
_NOWS = st.datetimes(min_value=datetime(2000, 3, 1, 14, 30), max_value=datetime(2013, 3, 8), timezones=st.just(UTC))  # noqa: DTZ001 — hypothesis wants bounds without a zone


@settings(deadline=None)
@given(_NOWS, st.none() | st.dates(date(1999, 1, 1), date(2014, 1, 1)), st.none() | st.integers(0, 20))
def test_nothing_later_than_now_ever_leaves_the_market(now: datetime, start: date | None, limit: int | None) -> None:
    market = Market(_REPLAY, FakeClock(now), xnys())
    for symbol in market.symbols():
        quote = market.quote(symbol)
        assert quote is not None
        assert quote.at <= now
        assert quote.price in _prices_at(quote.at, _REPLAY.bars(symbol))
        for each in market.bars(symbol, start=start, limit=limit):
            assert xnys().session(each.session).close <= now


def _prices_at(at: datetime, bars: Sequence[Bar]) -> tuple[Decimal, ...]:
    session = xnys().latest(at)
    found = next(each for each in bars if each.session == session.day)
    known = {session.open: (found.open,), session.close: (found.close,)}
    return known.get(at, (found.low, found.high))


_OFFSETS = st.lists(st.integers(-10 * 24 * 3600, 10 * 24 * 3600), max_size=20)


@settings(deadline=None)
@given(_OFFSETS)
def test_no_headline_and_no_figure_leaves_before_its_time(offsets: list[int]) -> None:
    now = utc("2008-01-15 15:00")
    times = sorted(now + timedelta(seconds=offset) for offset in offsets)
    provider = FakeProvider(
        {AAPL: MONTH},
        {AAPL: tuple(Headline(at, "text") for at in times)},
        {AAPL: tuple(Fundamentals(at, {}) for at in times)},
    )
    market = Market(provider, FakeClock(now), xnys())
    known = [at for at in times if at <= now]
    assert [each.published_at for each in market.headlines(AAPL) or ()] == known
    assert [each.published_at for each in market.fundamentals(AAPL) or ()] == known


@settings(deadline=None)
@given(st.lists(_NOWS, min_size=2, max_size=10))
def test_the_sequence_orders_prices_by_time(nows: list[datetime]) -> None:
    quotes = [Market(_REPLAY, FakeClock(now), xnys()).quote(AAPL) for now in sorted(nows)]
    numbered = [(quote.at, quote.sequence) for quote in quotes if quote]
    assert numbered == sorted(numbered)
    assert len({at for at, _ in numbered}) == len({sequence for _, sequence in numbered})


class _Broken(FakeProvider):
    def headlines(self, symbol: Symbol) -> None:
        raise OSError("disk gone")


def test_calls_to_the_provider_are_counted_and_timed_by_outcome() -> None:
    metrics = Metrics(Part.API)
    provider = ObservedProvider(_Broken({AAPL: MONTH}), metrics)

    def calls(operation: str, outcome: str) -> float | None:
        labels = {"operation": operation, "outcome": outcome}
        return metrics.registry.get_sample_value("investiq_provider_calls_total", labels)

    assert calls("bars", "ok") == 0  # there from the start
    provider.bars(AAPL)
    with pytest.raises(UnknownSymbol):
        provider.bars(FB)
    with pytest.raises(OSError, match="disk gone"):
        provider.headlines(AAPL)
    provider.fundamentals(AAPL)
    assert (calls("bars", "ok"), calls("bars", "failed")) == (2, 0)
    assert (calls("headlines", "failed"), calls("fundamentals", "ok")) == (1, 1)
    timed = metrics.registry.get_sample_value("investiq_provider_call_duration_seconds_count", {"operation": "bars"})
    assert timed == 2
    assert (provider.name, provider.symbols(), list(provider.refused())) == ("fake", (AAPL,), ["BAD"])


def test_a_stopped_market_stays_at_its_moment_while_time_runs_on() -> None:
    clock = FakeClock(utc("2008-01-10 15:00"), None)
    market = Market(FakeProvider({AAPL: MONTH}), clock, xnys())
    stopped = market.stopped()
    clock.current = utc("2008-01-11 22:00")
    assert (stopped.now(), market.now()) == (utc("2008-01-10 15:00"), clock.current)
    assert _days(stopped.bars(AAPL))[-1] == 9
    assert _days(market.bars(AAPL))[-1] == 11
    assert stopped.stopped().now() == stopped.now()


@pytest.mark.parametrize(
    ("now", "session"),
    [
        ("2008-01-10 14:29", date(2008, 1, 9)),
        ("2008-01-10 20:59", date(2008, 1, 9)),
        ("2008-01-10 21:00", date(2008, 1, 10)),
        ("2008-01-13 12:00", date(2008, 1, 11)),
    ],
)
def test_a_session_is_completed_from_its_close_on(now: str, session: date) -> None:
    assert _market(now).completed_session() == session

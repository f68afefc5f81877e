"""Many symbols at one moment: what each would say alone, best first, and never a mixture."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import EngineStatus, Part
from investiq.invest.analysis import Orchestrator, QuantitativeEngine, TechnicalEngine
from investiq.invest.analysis.engine import Answer, Engine, Unavailable, Verdict
from investiq.invest.analysis.listing import (
    MOST_LISTED,
    CursorExpired,
    Listings,
    TooManySymbols,
    UnknownSymbols,
)
from investiq.invest.analysis.orchestrator import CHUNK
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.market.calendar import xnys
from investiq.invest.market.history import History
from investiq.invest.market.market import Market
from investiq.invest.market.types import Bar, Symbol
from tests.invest.analysis.made_markets import MadeProvider, StoppedClock, made_bars, random_walk

WEIGHTS = {"technical": Decimal("0.5"), "quantitative": Decimal("0.5")}
LONG = 300


def names(count: int) -> list[Symbol]:
    return [Symbol(f"S{number:04d}") for number in range(count)]


class Scripted:
    """An engine that computes; `answer` is asked for each symbol, and may raise."""

    name = "technical"

    def __init__(self, answer: Callable[[Symbol], Answer]) -> None:
        self._answer = answer
        self.runs: list[Symbol] = []

    def assess(self, snapshot: Snapshot) -> Answer:
        self.runs.append(snapshot.symbol)
        return self._answer(snapshot.symbol)

    def inputs(self, snapshot: Snapshot) -> object:
        return snapshot.version, snapshot.bars.session(-1)


class Waiting(Scripted):
    """One that waits for a network, and asks it for all at once."""

    def __init__(self, answer: Callable[[Symbol], Answer]) -> None:
        super().__init__(answer)
        self.questions: list[int] = []

    async def assess_many(self, snapshots: Sequence[Snapshot]) -> Sequence[Answer | Exception]:
        self.questions.append(len(snapshots))
        return [self.assess(snapshot) for snapshot in snapshots]


class Changing(MadeProvider):
    """Its prices are replaced when `replace` says so."""

    changes = 0

    def version(self) -> int:
        return self.changes


class World:
    def __init__(self, *engines: Engine, bars: Mapping[Symbol, Sequence[Bar]], timeout: float = 30.0) -> None:
        self.last = min(each[-1].session for each in bars.values())
        self.clock = StoppedClock(xnys().session(self.last).close)
        self.provider = Changing(bars)
        self.market = Market(self.provider, self.clock, xnys())
        self.metrics = Metrics(Part.API)
        self.orchestrator = Orchestrator(self.market, engines, WEIGHTS, timeout, self.metrics)
        self.listings = Listings(self.market, self.orchestrator)

    def count(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


SHORT = made_bars(random_walk(5, seed=1))


def many(count: int) -> dict[Symbol, Sequence[Bar]]:
    return dict.fromkeys(names(count), SHORT)


def score_of(symbol: Symbol) -> Answer:
    """Each symbol another, and some none."""
    number = int(symbol[1:])
    return Unavailable("nothing is known of it") if number % 3 == 0 else Verdict((number % 100) / 100, 0.5)


async def test_a_listing_says_of_each_symbol_what_its_own_analysis_says() -> None:
    bars = {symbol: made_bars(random_walk(LONG, seed=seed)) for seed, symbol in enumerate(names(5))}
    bars[Symbol("NEW")] = made_bars(random_walk(LONG, seed=9))[-3:]
    listed = World(TechnicalEngine(), QuantitativeEngine(), bars=bars)
    alone = World(TechnicalEngine(), QuantitativeEngine(), bars=bars)
    page = await listed.listings.first(None, 100)
    assert len(page.standings) == len(bars)
    for standing in page.standings:
        analysis = await alone.orchestrator.analyze(standing.symbol)
        assert (standing.score, standing.signal) == (analysis.overall.score, analysis.overall.signal)
        assert (standing.confidence, standing.coverage) == (analysis.overall.confidence, analysis.overall.coverage)
        assert (standing.price, standing.as_of) == (analysis.price, analysis.as_of)
        silent = {name: one.reason for name, one in analysis.engines.items() if one.status is not EngineStatus.OK}
        assert standing.missing == silent
    assert page.standings[-1].symbol == "NEW"
    assert page.standings[-1].score is None


async def test_the_pages_hold_each_symbol_once_best_first_and_those_without_a_score_last() -> None:
    engine = Scripted(score_of)
    world = World(engine, bars=many(CHUNK + 20))
    page = await world.listings.first(None, 10)
    standings = list(page.standings)
    while page.cursor:
        world.clock.at += timedelta(minutes=1)  # no page is of a later moment than the first
        page = world.listings.next(page.cursor, 10)
        standings += page.standings
    assert sorted(one.symbol for one in standings) == names(CHUNK + 20)
    assert {one.as_of for one in standings} == {page.listing.as_of}
    scores = [one.score for one in standings]
    known = [score for score in scores if score is not None]
    assert known == sorted(known, reverse=True)
    assert scores[len(known) :] == [None] * (len(scores) - len(known))
    assert len(engine.runs) == CHUNK + 20


async def test_analyses_are_counted_when_a_listing_is_made_and_engines_only_when_they_run() -> None:
    world = World(Scripted(score_of), bars=many(12))
    page = await world.listings.first(None, 5)
    assert page.cursor is not None
    world.listings.next(page.cursor, 5)
    await world.listings.first(names(3), 5)
    await world.orchestrator.analyze(names(1)[0])
    assert world.count("investiq_analyses_total") == 12 + 3 + 1
    assert world.count("investiq_engine_results_total", engine="technical", status="ok") == 8 + 2
    assert world.count("investiq_engine_results_total", engine="technical", status="unavailable") == 4 + 1 + 1
    assert world.count("investiq_engine_duration_seconds_count", engine="technical") == 12


async def test_a_cursor_ends_with_the_session_of_its_listing() -> None:
    bars = {symbol: made_bars(random_walk(6, seed=2)) for symbol in names(4)}
    world = World(Scripted(score_of), bars=bars)
    world.clock.at = xnys().session(bars[names(1)[0]][-2].session).close
    page = await world.listings.first(None, 2)
    assert page.cursor is not None
    following = xnys().session(world.last)
    world.clock.at = following.close - timedelta(seconds=1)
    assert len(world.listings.next(page.cursor, 2).standings) == 2
    world.clock.at = following.close
    with pytest.raises(CursorExpired, match=f"that of {world.last} is over"):
        world.listings.next(page.cursor, 2)


@pytest.mark.parametrize("cursor", ["", "x", ".", "0123456789abcdef.5", "0123456789abcdef.-5"])
async def test_a_cursor_of_nothing_is_refused(cursor: str) -> None:
    with pytest.raises(CursorExpired, match="begin again"):
        World(Scripted(score_of), bars=many(3)).listings.next(cursor, 5)


async def test_a_cursor_with_a_place_that_is_none_is_refused() -> None:
    world = World(Scripted(score_of), bars=many(3))
    page = await world.listings.first(None, 1)
    assert page.cursor is not None
    token = page.cursor.partition(".")[0]
    for place in ("-1", "", "²", "1e3", "9" * 5000):
        with pytest.raises(CursorExpired):
            world.listings.next(f"{token}.{place}", 1)
    assert world.listings.next(f"{token}.99", 1).standings == []


async def test_only_the_latest_listings_are_kept() -> None:
    world = World(Scripted(score_of), bars=many(3))
    first = await world.listings.first(None, 1)
    for _ in range(20):
        await world.listings.first(None, 1)
    assert first.cursor is not None
    with pytest.raises(CursorExpired):
        world.listings.next(first.cursor, 1)


async def test_symbols_without_prices_are_all_named_and_twice_is_once() -> None:
    world = World(Scripted(score_of), bars=many(3))
    with pytest.raises(UnknownSymbols, match=r"no prices for AA, ZZ$") as caught:
        await world.listings.first([Symbol("ZZ"), names(1)[0], Symbol("AA")], 5)
    assert caught.value.detail == {"symbols": ["AA", "ZZ"]}
    assert len((await world.listings.first([*names(2), *names(2)], 5)).standings) == 2


async def test_more_than_a_listing_holds_is_refused_before_anything_is_computed() -> None:
    engine = Scripted(score_of)
    world = World(engine, bars=many(MOST_LISTED + 1))
    with pytest.raises(TooManySymbols, match="investiq scan"):
        await world.listings.first(None, 5)
    assert engine.runs == []


async def test_prices_that_are_replaced_meanwhile_give_one_reading_of_the_new_ones() -> None:
    world: World

    def replacing(symbol: Symbol) -> Answer:
        if symbol == names(CHUNK + 5)[-1] and world.provider.changes == 0:
            world.provider.changes += 1
        return Verdict(0.1 + world.provider.changes / 10, 0.5)

    world = World(Scripted(replacing), bars=many(CHUNK + 5))
    page = await world.listings.first(None, 100)
    assert {standing.score for standing in page.standings} == {0.2}
    assert world.count("investiq_analyses_total") == CHUNK + 5


async def test_an_engine_that_asks_a_network_is_asked_once_for_each_chunk() -> None:
    engine = Waiting(score_of)
    world = World(engine, bars=many(CHUNK + 5))
    await world.listings.first(None, 5)
    assert engine.questions == [CHUNK, 5]


async def test_what_somebody_asks_for_meanwhile_is_computed_once() -> None:
    go_on = threading.Event()

    def wait(symbol: Symbol) -> Answer:
        go_on.wait(30)
        return score_of(symbol)

    engine = Scripted(wait)
    world = World(engine, bars=many(6))
    listing = asyncio.create_task(world.listings.first(None, 10))
    while not engine.runs:
        await asyncio.sleep(0.001)
    single = asyncio.create_task(world.orchestrator.analyze(names(6)[-1]))
    second = asyncio.create_task(world.listings.first(names(6)[2:], 10))
    await asyncio.sleep(0)
    go_on.set()
    page, analysis, further = await asyncio.gather(listing, single, second)
    assert sorted(engine.runs) == names(6)
    assert analysis.overall.score == next(one.score for one in page.standings if one.symbol == analysis.symbol)
    assert len(further.standings) == 4


async def test_who_gives_up_stops_nobody_else() -> None:
    go_on = threading.Event()

    def wait(symbol: Symbol) -> Answer:
        go_on.wait(30)
        return score_of(symbol)

    engine = Scripted(wait)
    world = World(engine, bars=many(6))
    leaving = asyncio.create_task(world.listings.first(None, 10))
    while not engine.runs:
        await asyncio.sleep(0.001)
    staying = asyncio.create_task(world.orchestrator.analyze(names(6)[-1]))
    await asyncio.sleep(0)
    leaving.cancel()
    go_on.set()
    assert (await staying).engines["technical"].status is EngineStatus.UNAVAILABLE or (await staying).overall.score
    assert len((await world.listings.first(None, 10)).standings) == 6


async def test_an_engine_fails_for_one_symbol_alone() -> None:
    def failing(symbol: Symbol) -> Answer:
        if symbol == "S0001":
            raise OSError("/etc/secret")
        return Verdict(0.5, 0.5)

    page = await World(Scripted(failing), bars=many(3)).listings.first(None, 5)
    assert [(one.symbol, one.score, dict(one.missing)) for one in page.standings] == [
        ("S0000", 0.5, {}),
        ("S0002", 0.5, {}),
        ("S0001", None, {"technical": "internal_error"}),
    ]


async def test_an_engine_that_hangs_leaves_what_it_has_answered_and_is_not_asked_again() -> None:
    go_on = threading.Event()

    def hanging(symbol: Symbol) -> Answer:
        if symbol == "S0002":
            go_on.wait(30)
        return Verdict(0.5, 0.5)

    engine = Scripted(hanging)
    world = World(engine, bars=many(CHUNK + 5), timeout=0.2)
    page = await world.listings.first(None, 100)
    go_on.set()
    assert [one.symbol for one in page.standings if one.score is not None] == names(2)
    assert {one.missing["technical"] for one in page.standings if one.score is None} == {"timeout"}
    assert len(engine.runs) == 3


async def test_an_empty_market_lists_nothing() -> None:
    world = World(Scripted(score_of), bars=many(3))
    world.clock.at = xnys().session(SHORT[0].session).open - timedelta(days=1)
    page = await world.listings.first(None, 5)
    assert (page.standings, page.cursor) == ([], None)


async def test_nothing_of_the_market_is_read_and_nothing_computed_on_the_event_loop() -> None:
    threads: set[threading.Thread] = set()

    class Watched(Changing):
        def bars(self, symbol: Symbol) -> History:
            threads.add(threading.current_thread())
            return super().bars(symbol)

    def computed(symbol: Symbol) -> Answer:
        threads.add(threading.current_thread())
        return score_of(symbol)

    world = World(Scripted(computed), bars=many(CHUNK + 5))
    world.provider.__class__ = Watched
    await world.listings.first(None, 5)
    assert threads
    assert threading.current_thread() not in threads

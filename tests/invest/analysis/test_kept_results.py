"""An engine runs once for what its answer follows from, and an answer is never older than that."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import EngineStatus, Part
from investiq.invest.analysis import (
    FundamentalEngine,
    Orchestrator,
    Prediction,
    QuantitativeEngine,
    SentimentEngine,
    SignalEngine,
    SignalUnavailable,
    TechnicalEngine,
)
from investiq.invest.analysis.engine import Answer, Unavailable, Verdict
from investiq.invest.analysis.kept_results import KeptResults, Made
from investiq.invest.analysis.result import EngineResult
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.market.calendar import xnys
from investiq.invest.market.history import History
from investiq.invest.market.market import Market
from investiq.invest.market.types import Bar, Fundamentals, Headline, Symbol
from tests.invest.analysis.made_markets import (
    SYMBOL,
    MadeProvider,
    StoppedClock,
    made_bars,
    market_at_close,
    random_walk,
)

OTHER = Symbol("OTHER")
BARS = made_bars(random_walk(400, seed=1))
WEIGHTS = {
    "technical": Decimal("0.30"),
    "quantitative": Decimal("0.20"),
    "signal": Decimal("0.20"),
    "sentiment": Decimal("0.10"),
    "fundamental": Decimal("0.20"),
}


class Counting:
    """An engine that counts how often it runs; `gives` says what the answer follows from."""

    def __init__(
        self, answer: Callable[[], Answer], gives: Callable[[Snapshot], Hashable], name: str = "technical"
    ) -> None:
        self.name = name
        self.runs = 0
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._answer = answer
        self._gives = gives

    async def assess(self, snapshot: Snapshot) -> Answer:
        self.runs += 1
        await self.go_on.wait()
        return self._answer()

    def inputs(self, snapshot: Snapshot) -> Hashable:
        return self._gives(snapshot)


def steady() -> Answer:
    return Verdict(0.5, 0.5)


def last_session(snapshot: Snapshot) -> Hashable:
    return snapshot.bars.session(-1)


class World:
    def __init__(self, *engines: Counting) -> None:
        self.market, self.clock = market_at_close({SYMBOL: BARS}, session=BARS[-3].session)
        self.metrics = Metrics(Part.API)
        self.orchestrator = Orchestrator(self.market, engines, WEIGHTS, 30.0, self.metrics)

    def count(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


async def test_an_engine_runs_once_a_session_and_each_answer_has_the_price_and_the_time_of_its_own() -> None:
    engine = Counting(steady, last_session)
    world = World(engine)
    before = await world.orchestrator.analyze(SYMBOL)
    world.clock.at = xnys().session(BARS[-2].session).open + timedelta(minutes=1)
    during = await world.orchestrator.analyze(SYMBOL)
    assert engine.runs == 1
    assert (before.price, during.price) == (BARS[-3].close, BARS[-2].open)
    assert during.as_of == world.clock.at
    assert during.engines["technical"].as_of == before.as_of  # when it looked
    world.clock.at = xnys().session(BARS[-2].session).close
    await world.orchestrator.analyze(SYMBOL)
    assert engine.runs == 2
    assert world.count("investiq_analyses_total") == 3
    assert world.count("investiq_engine_results_total", engine="technical", status="ok") == 3
    assert world.count("investiq_engine_duration_seconds_count", engine="technical") == 2


async def test_an_engine_does_not_run_again_for_what_only_another_one_reads() -> None:
    reads_bars, reads_news = Counting(steady, last_session), Counting(steady, lambda look: look.as_of, "sentiment")
    world = World(reads_bars, reads_news)
    for hours in range(3):
        world.clock.at += timedelta(hours=hours)
        await world.orchestrator.analyze(SYMBOL)
    assert (reads_bars.runs, reads_news.runs) == (1, 3)


async def test_whoever_asks_while_an_engine_runs_waits_for_it_and_may_leave() -> None:
    engine = Counting(steady, last_session)
    engine.go_on.clear()
    world = World(engine)
    first, *others = [asyncio.create_task(world.orchestrator.analyze(SYMBOL)) for _ in range(10)]
    while not engine.runs:
        await asyncio.sleep(0)
    first.cancel()
    engine.go_on.set()
    answers = await asyncio.gather(*others)
    assert engine.runs == 1
    assert {answer.engines["technical"].score for answer in answers} == {0.5}


@pytest.mark.parametrize("answer", [Unavailable("it does not answer", passing=True), ValueError("broken")])
async def test_what_may_be_otherwise_the_next_time_is_asked_again(answer: Unavailable | ValueError) -> None:
    answers: list[Answer | ValueError] = [answer, Verdict(0.5, 0.5)]

    def give() -> Answer:
        given = answers.pop(0)
        if isinstance(given, ValueError):
            raise given
        return given

    world = World(Counting(give, last_session))
    assert (await world.orchestrator.analyze(SYMBOL)).engines["technical"].status is not EngineStatus.OK
    assert (await world.orchestrator.analyze(SYMBOL)).engines["technical"].status is EngineStatus.OK


async def test_an_engine_that_cannot_say_what_it_follows_from_fails_alone() -> None:
    def fail(_snapshot: Snapshot) -> Hashable:
        raise OSError("the provider has gone")

    world = World(Counting(steady, fail))
    assert (await world.orchestrator.analyze(SYMBOL)).engines["technical"].status is EngineStatus.OK


async def test_the_symbols_that_were_asked_for_last_are_kept() -> None:
    kept = KeptResults(most_symbols=2)

    async def make() -> Made:
        return Made(EngineResult.of("technical", Verdict(0.5, 0.5), datetime.now(UTC), 1.0), holds=True)

    for name in ("A", "B", "C"):
        await kept.compute(Symbol(name), "technical", 1, make)
    assert [kept.knows(Symbol(name)) for name in ("A", "B", "C")] == [False, True, True]


# ---- the engines themselves ----


@dataclass
class Service:
    """The signal models, one after the other."""

    version: str | None = "one"
    asked: int = 0
    down: bool = False

    async def predict(self, symbol: Symbol, bars: Sequence[Bar]) -> Prediction:
        self.asked += 1
        if self.down:
            raise SignalUnavailable("it does not answer")
        chance = len(str(self.version)) / 10
        return Prediction(symbol, bars[-1].session, 5, chance, 0.1, True, str(self.version), date(2004, 1, 2))

    async def predict_many(self, questions: Sequence[tuple[Symbol, Sequence[Bar]]]) -> Sequence[Prediction]:
        return [await self.predict(symbol, bars) for symbol, bars in questions]

    def model(self) -> str | None:
        return None if self.down else self.version


class ChangingProvider(MadeProvider):
    """Its prices may be replaced."""

    changes = 0

    def replace(self, bars: Mapping[Symbol, Sequence[Bar]]) -> None:
        self._bars = {symbol: History.of(each) for symbol, each in bars.items()}
        self.changes += 1

    def version(self) -> int:
        return self.changes


@dataclass
class Replay:
    """A market that runs, and the orchestrator that has served it from the start."""

    provider: ChangingProvider
    service: Service = field(default_factory=Service)

    def __post_init__(self) -> None:
        self.clock = StoppedClock(xnys().session(BARS[250].session).close)
        self.market = Market(self.provider, self.clock, xnys())
        self.lasting = self._orchestrator()

    def _orchestrator(self) -> Orchestrator:
        engines = (
            TechnicalEngine(),
            QuantitativeEngine(),
            SignalEngine(self.service),
            SentimentEngine(self.market.headlines),
            FundamentalEngine(self.market.fundamentals),
        )
        return Orchestrator(self.market, engines, WEIGHTS, 30.0, Metrics(Part.API))

    async def compare(self, symbol: Symbol = SYMBOL) -> None:
        """What has been served for long says what one that has just begun says."""
        lasting = json.loads((await self.lasting.analyze(symbol)).to_json())
        assert comparable(lasting) == comparable((await self._orchestrator().analyze(symbol)).to_dict())


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    """Without when and how long an engine ran."""
    for result in document["engines"].values():
        del result["as_of"], result["duration_ms"]
    return document


def later(session: date, text: str) -> Headline:
    return Headline(xnys().session(session).open + timedelta(hours=1), text)


@pytest.fixture
def replay() -> Replay:
    others = made_bars(random_walk(400, seed=2))[255:]  # one that is listed on the way
    days = [bar.session for bar in BARS]
    headlines = [later(days[252], "a great success"), later(days[254], "a terrible loss"), later(days[262], "so so")]
    report = Fundamentals(later(days[256], "").published_at, {"pe_ratio": 10.0, "roe": 0.2})
    bars = {SYMBOL: BARS, OTHER: others}
    return Replay(ChangingProvider(bars, {SYMBOL: headlines}, {SYMBOL: [report]}))


async def test_no_answer_is_ever_older_than_what_it_follows_from(replay: Replay) -> None:
    """A replay of twenty sessions, asked before, in and after each of its prices."""
    for bar in BARS[251:271]:
        session = xnys().session(bar.session)
        for share in (-0.1, 0.0, 0.1, 0.2, 0.5, 0.9, 1.0, 1.1):
            replay.clock.at = session.open + share * (session.close - session.open)
            await replay.compare()
    assert replay.service.asked < 20 * 8 + 25  # of the lasting one: once a session


async def test_prices_that_are_replaced_are_read_anew(replay: Replay) -> None:
    await replay.compare()
    others = made_bars(random_walk(400, seed=3))
    replay.provider.replace({SYMBOL: others, OTHER: BARS})
    await replay.compare()


async def test_a_model_that_is_replaced_is_asked_and_so_is_one_that_is_back(replay: Replay) -> None:
    for change in ({"version": "two hundred"}, {"down": True}, {"down": False}):
        await replay.compare()
        for name, value in change.items():
            setattr(replay.service, name, value)
        await replay.compare()


async def test_prices_that_ended_long_ago_are_said_to_have_ended_each_day(replay: Replay) -> None:
    ended = xnys().session(BARS[-1].session).close
    for days in (5, 11, 12, 500):
        replay.clock.at = ended + timedelta(days=days)
        await replay.compare()

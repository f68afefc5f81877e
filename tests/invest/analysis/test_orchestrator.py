"""Engines side by side on one snapshot: what one does never reaches the others, and all of it is counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import EngineStatus, Part, Signal
from investiq.invest.analysis.engine import Answer, Engine, Unavailable, Verdict
from investiq.invest.analysis.orchestrator import THREADS_PER_ENGINE, Orchestrator
from investiq.invest.analysis.result import Analysis
from investiq.invest.analysis.signal import MismatchedPrediction
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.market.provider import UnknownSymbol
from investiq.invest.market.types import Symbol
from tests.invest.analysis.made_markets import SYMBOL, made_bars, market_at_close, random_walk

WEIGHTS = {
    "technical": Decimal("0.30"),
    "quantitative": Decimal("0.20"),
    "signal": Decimal("0.20"),
    "sentiment": Decimal("0.10"),
    "fundamental": Decimal("0.20"),
}
BARS = made_bars(random_walk(60, seed=1))
PATIENT, IMPATIENT = 30.0, 0.15


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as entries:
        yield entries


class Computing:
    """An engine that computes: run in a thread."""

    def __init__(self, name: str, answer: Callable[[Snapshot], Answer]) -> None:
        self.name = name
        self._answer = answer

    def assess(self, snapshot: Snapshot) -> Answer:
        return self._answer(snapshot)

    def inputs(self, snapshot: Snapshot) -> None:
        """It is asked each time."""


class Waiting:
    """An engine that waits for a network: awaited until `answered` is set."""

    def __init__(self, name: str, answered: asyncio.Event, answer: Answer | Exception) -> None:
        self.name = name
        self._answered = answered
        self._answer = answer

    async def assess(self, snapshot: Snapshot) -> Answer:
        await self._answered.wait()
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def inputs(self, snapshot: Snapshot) -> None:
        """It is asked each time."""


def steady(name: str, score: float = 0.5, confidence: float = 0.5) -> Computing:
    return Computing(name, lambda _snapshot: Verdict(score, confidence))


def failing(name: str, error: Exception) -> Computing:
    def fail(_snapshot: Snapshot) -> Answer:
        raise error

    return Computing(name, fail)


class World:
    """An orchestrator over a market of one symbol, and its metrics."""

    def __init__(
        self, *engines: Engine, timeout: float = PATIENT, weights: Mapping[str, Decimal] | None = None
    ) -> None:
        self.market, self.clock = market_at_close({SYMBOL: BARS})
        self.metrics = Metrics(Part.API)
        self.orchestrator = Orchestrator(self.market, engines, weights or WEIGHTS, timeout, self.metrics)

    async def analyze(self) -> Analysis:
        return await self.orchestrator.analyze(SYMBOL)

    def count(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


async def test_an_engine_that_fails_fails_alone_and_leaks_nothing(logs: list[MutableMapping[str, Any]]) -> None:
    world = World(failing("technical", OSError("/etc/secret: permission denied")), steady("quantitative"))
    analysis = await world.analyze()
    failed = analysis.engines["technical"]
    assert (failed.status, failed.reason) == (EngineStatus.FAILED, "internal_error")
    assert (failed.signal, failed.score, failed.confidence, failed.metrics) == (None, None, None, {})
    assert "secret" not in str(analysis.to_dict())
    assert analysis.engines["quantitative"].status is EngineStatus.OK
    assert analysis.overall.weights == {"quantitative": 1}
    (entry,) = logs
    assert (entry["engine"], entry["reason"], entry["exc_info"]) == ("technical", "internal_error", True)


async def test_an_expected_failure_keeps_its_reason() -> None:
    world = World(failing("signal", MismatchedPrediction("asked for TEST, the model at 10.0.0.7 answered for IBM")))
    analysis = await world.analyze()
    assert analysis.engines["signal"].reason == "mismatched_prediction"
    assert "10.0.0.7" not in str(analysis.to_dict())


async def test_a_verdict_that_is_no_number_is_a_failure_of_its_engine() -> None:
    world = World(Computing("technical", lambda _snapshot: Verdict(float("nan"), 0.5)), steady("signal"))
    analysis = await world.analyze()
    assert analysis.engines["technical"].reason == "internal_error"
    assert analysis.overall.score == 0.5


async def test_slow_engines_time_out_and_the_others_stand() -> None:
    release, never = threading.Event(), asyncio.Event()

    def hang(_snapshot: Snapshot) -> Answer:
        release.wait()
        return Verdict(1, 1)

    world = World(
        Computing("technical", hang),
        Waiting("signal", never, Verdict(1, 1)),
        failing("sentiment", TimeoutError()),
        steady("quantitative", score=-0.5),
        timeout=IMPATIENT,
    )
    analysis = await world.analyze()
    release.set()
    assert {name: result.reason for name, result in analysis.engines.items()} == {
        "technical": "timeout",
        "signal": "timeout",
        "sentiment": "timeout",
        "quantitative": None,
    }
    assert analysis.engines["technical"].duration_ms >= IMPATIENT * 1000
    assert analysis.overall.signal is Signal.SELL


async def test_an_engine_that_hangs_takes_no_more_threads_however_often_it_is_asked() -> None:
    release = threading.Event()
    hung = 0

    def hang(_snapshot: Snapshot) -> Answer:
        nonlocal hung
        hung += 1
        release.wait()
        return Verdict(0, 0)

    world = World(Computing("technical", hang), steady("quantitative"), timeout=IMPATIENT)
    for _ in range(3):
        analyses = await asyncio.gather(*(world.analyze() for _ in range(4)))
        assert {each.engines["technical"].reason for each in analyses} == {"timeout"}
        assert {each.engines["quantitative"].status for each in analyses} == {EngineStatus.OK}
    assert hung == THREADS_PER_ENGINE
    release.set()
    assert (await world.analyze()).engines["technical"].status is EngineStatus.OK


async def test_engines_run_at_the_same_time() -> None:
    """Each waits for the other: one after the other they would both time out."""
    barrier = threading.Barrier(2)

    def meet(_snapshot: Snapshot) -> Answer:
        barrier.wait(timeout=PATIENT)
        return Verdict(0, 0)

    analysis = await World(Computing("technical", meet), Computing("quantitative", meet)).analyze()
    assert {result.status for result in analysis.engines.values()} == {EngineStatus.OK}


async def test_all_engines_see_the_same_snapshot_and_a_moving_market_changes_nothing() -> None:
    seen: list[Snapshot] = []
    world = World()

    def look(snapshot: Snapshot) -> Answer:
        seen.append(snapshot)
        world.clock.at = world.clock.at.replace(year=2006)
        return Verdict(0, 0)

    market, clock = world.market, world.clock
    engines = [Computing("technical", look), Computing("quantitative", look)]
    before = clock.at
    analysis = await Orchestrator(market, engines, WEIGHTS, PATIENT, Metrics(Part.API)).analyze(SYMBOL)
    assert len(seen) == 2
    assert seen[0] is seen[1]
    assert {analysis.as_of, *(result.as_of for result in analysis.engines.values())} == {before}


async def test_no_engine_answering_still_is_an_analysis() -> None:
    world = World(failing("technical", RuntimeError()), Computing("sentiment", lambda _s: Unavailable("no news")))
    analysis = await world.analyze()
    assert (analysis.overall.signal, analysis.overall.coverage, analysis.overall.confidence) == (None, 0, 0)
    assert analysis.engines["sentiment"].reason == "no news"
    assert analysis.price == BARS[-1].close


async def test_every_result_and_its_time_is_counted() -> None:
    world = World(
        steady("technical"), failing("signal", RuntimeError()), Computing("sentiment", lambda _s: Unavailable("none"))
    )
    assert world.count("investiq_analyses_total") == 0
    await world.analyze()
    await world.analyze()
    assert world.count("investiq_analyses_total") == 2
    results = {("technical", "ok"), ("signal", "failed"), ("sentiment", "unavailable")}
    for engine in WEIGHTS:
        for status in ("ok", "unavailable", "failed"):
            expected = 2 if (engine, status) in results else 0
            assert world.count("investiq_engine_results_total", engine=engine, status=status) == expected
    assert world.count("investiq_engine_duration_seconds_count", engine="technical") == 2
    assert world.count("investiq_engine_duration_seconds_count", engine="quantitative") == 0


async def test_an_unknown_symbol_is_an_error_and_no_analysis() -> None:
    world = World(steady("technical"))
    with pytest.raises(UnknownSymbol) as caught:
        await world.orchestrator.analyze(Symbol("TSET"))
    assert caught.value.detail["suggestions"] == ["TEST"]
    assert world.count("investiq_analyses_total") == 0


async def test_a_caller_who_leaves_takes_the_engines_along() -> None:
    left, answered = asyncio.Event(), asyncio.Event()

    class Leaving(Waiting):
        async def assess(self, snapshot: Snapshot) -> Answer:
            answered.set()
            try:
                return await super().assess(snapshot)
            finally:
                left.set()

    world = World(Leaving("signal", asyncio.Event(), Verdict(0, 0)))
    task = asyncio.create_task(world.analyze())
    await answered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left.is_set()
    assert world.count("investiq_analyses_total") == 0


@pytest.mark.parametrize(
    ("engines", "weights", "complaint"),
    [
        (["technical", "technical"], WEIGHTS, "same name"),
        (["technical", "astrology"], WEIGHTS, "no weight is configured for astrology"),
        (["technical"], {"technical": Decimal(0)}, "at least one must be above 0"),
        (["technical", "signal"], {"technical": Decimal(1), "signal": Decimal(-1)}, "must not be negative"),
    ],
)
def test_engines_and_weights_that_do_not_fit_are_refused_at_the_start(
    engines: Sequence[str], weights: Mapping[str, Decimal], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        World(*(steady(name) for name in engines), weights=weights)

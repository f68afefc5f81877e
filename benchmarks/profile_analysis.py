"""Where the microseconds of one analysis are: answered from what is kept, and computed cold.

    python -m benchmarks.profile_analysis [--rounds 400]

A step is timed alone, less what the steps within it take; medians over the rounds. The timing itself adds about half a
microsecond to a step. Wall time of one thread; the server (sockets, uvicorn, h11) is not in it, benchmarks/analysis.py
measures that.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from unittest.mock import patch

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks.analysis import PATH, SYMBOL, market_days
from benchmarks.asgi import get
from benchmarks.installation import install_at
from investiq.invest import wiring
from investiq.invest.analysis import (
    FundamentalEngine,
    Orchestrator,
    QuantitativeEngine,
    SentimentEngine,
    Snapshot,
    TechnicalEngine,
)
from investiq.invest.analysis.overall import combine
from investiq.invest.analysis.regime import regime_of
from investiq.invest.analysis.result import Analysis, EngineResult, Findings
from investiq.invest.analysis.universe import universes_of
from investiq.invest.market.market import Market
from tests.serve.api.installation import Installation
from tests.serve.api.models import Models

Result = TypeVar("Result")


class Steps:
    """Times steps that lie in one another; each gets what is not of those within it."""

    def __init__(self) -> None:
        self.found: defaultdict[str, list[float]] = defaultdict(list)
        self._within: list[int] = []

    def run(self, name: str, work: Callable[..., Result], *given: Any) -> Result:
        """`work(*given)` as the step `name`."""
        self.begin()
        started = time.perf_counter_ns()
        result = work(*given)
        self.end(name, time.perf_counter_ns() - started)
        return result

    def begin(self) -> None:
        """A step begins within the one that runs."""
        self._within.append(0)

    def end(self, name: str, nanoseconds: int) -> None:
        """It has ended after so long."""
        self.found[name].append((nanoseconds - self._within.pop()) / 1e3)
        if self._within:
            self._within[-1] += nanoseconds

    def wrapped(self, name: str, function: Callable[..., Result]) -> Callable[..., Result]:
        """`function`, timed whenever it is called."""
        return lambda *given: self.run(name, function, *given)

    def table(self, title: str) -> str:
        """Each step with its median, and their sum."""
        medians = {name: statistics.median(times) for name, times in self.found.items()}
        rows = [f"  {microseconds:8.1f} \u00b5s  {name}" for name, microseconds in medians.items()]
        return "\n".join([title, *rows, f"  {sum(medians.values()):8.1f} \u00b5s  all together"])


class Timed:
    """ASGI layer around another one: what lies between two of these is the other one's."""

    def __init__(self, app: ASGIApp, name: str, steps: Steps) -> None:
        self.app, self._name, self._steps = app, name, steps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self._steps.begin()
        started = time.perf_counter_ns()
        await self.app(scope, receive, send)
        self._steps.end(self._name, time.perf_counter_ns() - started)


def time_layers(made: Installation, steps: Steps) -> None:
    """Put a `Timed` around each layer of the server."""
    layers = list(made.app.user_middleware)
    names = [f"layer {layer.cls.__name__}" for layer in layers]  # type: ignore[attr-defined]
    timed = [Middleware(Timed, name=name, steps=steps) for name in names]
    made.app.user_middleware[:] = [each for pair in zip(timed, layers, strict=True) for each in pair]


async def from_what_is_kept(made: Installation, rounds: int) -> str:
    """The steps of `GET /api/analyze/AAPL` that was asked for before."""
    steps = Steps()
    time_layers(made, steps)
    with ExitStack() as patched:
        for owner, method, name in (
            (Market, "moment", "market time and step"),
            (Orchestrator, "_inputs", "inputs of the engines that are asked each time"),
            (Orchestrator, "_counted", "counting results and analyses"),
            (Orchestrator, "repeat", "finding what is kept"),
            (Analysis, "to_json", "price and time in front of the kept JSON"),
        ):
            patched.enter_context(patch.object(owner, method, _method(steps, name, getattr(owner, method))))
        app = _server(made, steps)
        await made.parts.signals.check_health()  # which says what model serves
        await get(app, PATH)
        steps.found.clear()
        for _ in range(rounds):
            await get(app, PATH)
    return steps.table(f"GET {PATH} asked again, {rounds} rounds")


def _method(steps: Steps, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: steps.run(name, function, *given)


def _server(made: Installation, steps: Steps) -> ASGIApp:
    """FastAPI itself, whose own layers are the outermost."""
    timed = Timed(made.app, "FastAPI and Starlette around the layers", steps)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            await send(message)

        await timed(scope, receive, sent)

    return app


async def cold(made: Installation, rounds: int) -> str:
    """The steps of an analysis of a session that was never analysed before."""
    market, steps = made.parts.market, Steps()
    engines = (
        TechnicalEngine(),
        QuantitativeEngine(),
        SentimentEngine(market.headlines),
        FundamentalEngine(market.fundamentals),
    )
    weights = {str(name): float(weight) for name, weight in made.config.analysis.weights.items()}
    universes = universes_of(market)
    for day in market_days(rounds):
        made.clock.current = day
        snapshot = steps.run("snapshot of the market", Snapshot.take, market, SYMBOL, universes)
        steps.run("prices as floats", lambda taken=snapshot: taken.prices)
        steps.run("returns of the universe, once a session", snapshot.universe)
        answers = [(e.name, steps.run(f"engine {e.name}", e.assess, snapshot)) for e in engines]
        results = [steps.run("results", EngineResult.of, name, answer, day, 0.0) for name, answer in answers]
        regime = steps.run("regime", regime_of, snapshot)
        overall = steps.run("overall", combine, results, weights, regime)
        findings = Findings(overall, {result.engine: result for result in results})
        steps.run("JSON", lambda made=findings: made.json)
    one_by_one = steps.table(f"analysis of {SYMBOL}, cold, {rounds} sessions")
    return f"{one_by_one}\n  {await _whole(made, engines, rounds):8.1f} \u00b5s  with threads, tasks and metrics"


async def _whole(made: Installation, engines: Any, rounds: int) -> float:
    parts, analysis = made.parts, made.config.analysis
    weights = {str(name): weight for name, weight in analysis.weights.items()}
    whole = Orchestrator(parts.market, engines, weights, analysis.timeout_seconds, parts.metrics)
    times = []
    for day in market_days(rounds):
        made.clock.current = day
        started = time.process_time_ns()
        (await whole.analyze(SYMBOL)).to_json()
        times.append((time.process_time_ns() - started) / 1e3)
    return statistics.median(times)


async def _profile(rounds: int) -> None:
    models = Models().client()
    with TemporaryDirectory() as folder, patch.object(wiring, "build_signal_client", lambda _config: models):
        made = install_at(Path(folder))
        print(await from_what_is_kept(made, rounds))
        print(await cold(made, rounds))
        await made.parts.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_analysis", description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    asyncio.run(_profile(parser.parse_args().rounds))


if __name__ == "__main__":
    main()

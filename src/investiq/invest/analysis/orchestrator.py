"""Runs the engines side by side on one snapshot and puts their results together."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import is_
from typing import TypeVar, cast

import structlog

from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.threads import BoundedThreads
from investiq.invest.analysis.engine import Answer, Engine, Steady, Unavailable, history_inputs
from investiq.invest.analysis.kept_results import MOST_SYMBOLS, KeptResults, Made
from investiq.invest.analysis.overall import combine
from investiq.invest.analysis.regime import regime_of
from investiq.invest.analysis.result import Analysis, EngineResult, Findings
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.analysis.universe import universes_of
from investiq.invest.market.market import Market
from investiq.invest.market.market_step import MarketStep
from investiq.invest.market.types import Symbol

__all__ = ["THREADS_PER_ENGINE", "Orchestrator"]

THREADS_PER_ENGINE = 2
"""Each engine has threads of its own, so that one that hangs can only ever starve itself."""

_SNAPSHOT_THREADS = 4
"""A snapshot reads prices, which a provider can take its time for."""

Kept = TypeVar("Kept")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Complete:
    """An analysis whose results are all kept, and what it follows from."""

    step: MarketStep
    snapshot: Snapshot
    inputs: Sequence[Hashable]
    findings: Findings


class Orchestrator:
    """Analyses symbols of one market. For one event loop; any number of analyses may run at the same time.

    Args:
        market: where prices and market time come from.
        engines: with distinct names, each with a configured weight.
        weights: engine name to weight, not negative, at least one above 0.
        timeout_seconds: wall time that each engine has for its answer, waiting for a free thread included.
        metrics: of the process that analyses.

    Raises:
        ValueError: engines or weights break these rules.
    """

    def __init__(
        self,
        market: Market,
        engines: Sequence[Engine],
        weights: Mapping[str, Decimal],
        timeout_seconds: float,
        metrics: Metrics,
    ) -> None:
        self._market = market
        self._universes = universes_of(market)
        self._engines = tuple(engines)
        self._weights = _checked_weights(weights, self._engines)
        self._timeout = timeout_seconds
        self._snapshots = BoundedThreads(_SNAPSHOT_THREADS, "snapshot")
        self._threads = {engine.name: BoundedThreads(THREADS_PER_ENGINE, engine.name) for engine in engines}
        self._analyses = metrics.counter(catalogue.ANALYSES)
        self._kept = KeptResults()
        self._findings: OrderedDict[str, tuple[Hashable, Findings]] = OrderedDict()
        self._complete: OrderedDict[str, _Complete] = OrderedDict()
        results = metrics.counter(catalogue.ENGINE_RESULTS)
        # The child of a label set is looked up once: `.labels()` takes a lock on every call.
        self._count_result = {each: results.labels(*each).inc for each in catalogue.ENGINE_RESULTS.known_label_sets()}
        self._durations = metrics.histogram(catalogue.ENGINE_DURATION)

    async def analyze(self, symbol: Symbol) -> Analysis:
        """Everything the engines find about `symbol` at one instant of market time.

        An engine runs when something has changed of what its answer follows from (`Engine.inputs`); otherwise its last
        result stands. An engine that fails or is slow only shows as `failed` in the result.

        Raises:
            UnknownSymbol: the market has no such symbol.
        """
        return self.repeat(symbol) or await self._analyze(symbol)

    def repeat(self, symbol: str) -> Analysis | None:
        """What `analyze` would say, if nothing need be computed for it nor looked up; None when something must.

        `symbol` in its canonical form: nothing else was ever analysed.
        """
        kept = self._complete.get(symbol)
        if kept is None:
            return None
        now, step = self._market.moment()
        if step != kept.step:
            return None
        snapshot = kept.snapshot.at(now)
        for engine, inputs in zip(self._engines, kept.inputs, strict=True):
            if not isinstance(inputs, Steady) and inputs != self._inputs(engine, snapshot):
                return None
        return self._counted(snapshot, kept.findings)

    async def _analyze(self, symbol: Symbol) -> Analysis:
        _, step = self._market.moment()
        snapshot = await self._look(symbol)
        inputs = [self._inputs(engine, snapshot) for engine in self._engines]
        results = self._kept_results(symbol, inputs) or await self._results_of(snapshot, inputs)
        findings = self._findings_of(snapshot, results)
        # Only what was looked at within one step belongs to it, and only what is kept may be said again.
        if self._market.moment()[1] == step and self._kept_results(symbol, inputs) == results:
            _keep(self._complete, symbol, _Complete(step, snapshot.at(snapshot.as_of), inputs, findings))
        return self._counted(snapshot, findings)

    def _counted(self, snapshot: Snapshot, findings: Findings) -> Analysis:
        for name, result in findings.engines.items():
            self._count_result[name, result.status.value]()
        self._analyses.inc()
        price = snapshot.quote.price if snapshot.quote else None
        return Analysis(snapshot.symbol, snapshot.as_of, price, findings)

    async def _look(self, symbol: Symbol) -> Snapshot:
        if self._kept.knows(symbol):  # its prices are in memory: looking takes less time than a thread takes to start
            return Snapshot.take(self._market, symbol, self._universes)
        return await self._snapshots.run(lambda: Snapshot.take(self._market, symbol, self._universes))

    def _inputs(self, engine: Engine, snapshot: Snapshot) -> Hashable:
        try:
            return engine.inputs(snapshot)
        except Exception:  # whatever is wrong, the engine meets it too, and fails alone
            return None

    def _kept_results(self, symbol: Symbol, inputs: Sequence[Hashable]) -> Sequence[EngineResult] | None:
        """Those of all engines; None when one has to run."""
        results = []
        for engine, its_inputs in zip(self._engines, inputs, strict=True):
            result = self._kept.find(symbol, engine.name, its_inputs)
            if result is None:
                return None
            results.append(result)
        return results

    async def _results_of(self, snapshot: Snapshot, inputs: Sequence[Hashable]) -> Sequence[EngineResult]:
        pairs = zip(self._engines, inputs, strict=True)
        return await asyncio.gather(*(self._result(engine, snapshot, its_inputs) for engine, its_inputs in pairs))

    async def _result(self, engine: Engine, snapshot: Snapshot, inputs: Hashable) -> EngineResult:
        found = self._kept.find(snapshot.symbol, engine.name, inputs)
        if found is not None:
            return found
        return await self._kept.compute(snapshot.symbol, engine.name, inputs, lambda: self._made(engine, snapshot))

    def _findings_of(self, snapshot: Snapshot, results: Sequence[EngineResult]) -> Findings:
        """The results put together: the same object for the same results, so that its JSON is written once."""
        inputs = history_inputs(snapshot)
        kept = self._findings.get(snapshot.symbol)
        if kept is not None and kept[0] == inputs and all(map(is_, kept[1].engines.values(), results)):
            return kept[1]
        overall = combine(results, self._weights, regime_of(snapshot))
        findings = Findings(overall, {result.engine: result for result in results})
        _keep(self._findings, snapshot.symbol, (inputs, findings))
        return findings

    async def _made(self, engine: Engine, snapshot: Snapshot) -> Made:
        started = time.perf_counter()
        answer, failure = await self._guarded(engine, snapshot)
        seconds = time.perf_counter() - started
        self._durations.labels(engine.name).observe(seconds)
        if answer is None:
            return Made(EngineResult.failed(engine.name, failure, snapshot.as_of, seconds * 1000), holds=False)
        passing = isinstance(answer, Unavailable) and answer.passing
        return Made(EngineResult.of(engine.name, answer, snapshot.as_of, seconds * 1000), holds=not passing)

    async def _guarded(self, engine: Engine, snapshot: Snapshot) -> tuple[Answer | None, str]:
        """The engine's answer, or None and the bounded reason of its failure; the log has the traceback."""
        limit = asyncio.timeout(self._timeout)
        try:
            async with limit:
                return await self._assess(engine, snapshot), ""
        except Exception as error:
            reason = _failure_reason(error)
            # Where our own limit ran out, the traceback would only show that we waited.
            traceback = not limit.expired()
            _log.error("engine_failed", engine=engine.name, symbol=snapshot.symbol, reason=reason, exc_info=traceback)
            return None, reason

    async def _assess(self, engine: Engine, snapshot: Snapshot) -> Answer:
        if inspect.iscoroutinefunction(engine.assess):
            return cast(Answer, await engine.assess(snapshot))
        return await self._threads[engine.name].run(lambda: cast(Answer, engine.assess(snapshot)))


def _keep(kept: OrderedDict[str, Kept], symbol: Symbol, value: Kept) -> None:
    """Keep `value` among those of the symbols that were last looked at."""
    kept[symbol] = value
    kept.move_to_end(symbol)
    while len(kept) > MOST_SYMBOLS:
        kept.popitem(last=False)


def _failure_reason(error: Exception) -> str:
    """A word from a closed set. What the error says may hold addresses, paths or keys, so only the log gets that."""
    match error:
        case TimeoutError():
            return "timeout"
        case InvestIQError():
            return error.reason
        case _:
            return "internal_error"


def _checked_weights(weights: Mapping[str, Decimal], engines: Sequence[Engine]) -> dict[str, float]:
    names = [engine.name for engine in engines]
    if len(set(names)) < len(names):
        raise ValueError(f"two engines have the same name: {', '.join(sorted(names))}")
    checked = {name: float(weight) for name, weight in weights.items()}
    if missing := sorted(set(names) - set(checked)):
        raise ValueError(f"no weight is configured for {', '.join(missing)}: give each engine one, 0 to leave it out")
    if any(weight < 0 for weight in checked.values()) or not sum(checked.values()) > 0:
        raise ValueError(f"weights must not be negative and at least one must be above 0, not {checked}")
    return checked

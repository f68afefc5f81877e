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

from investiq.foundation.telemetry import attributes, catalogue, tracing
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.threads import BoundedThreads, Turns
from investiq.invest.analysis.engine import Answer, Engine, Steady, history_inputs
from investiq.invest.analysis.kept_results import MOST_SYMBOLS, KeptResults, Made
from investiq.invest.analysis.many import UNFORESEEN, Assessed, EngineRun, failure_reason, made_of
from investiq.invest.analysis.overall import combined
from investiq.invest.analysis.result import Analysis, EngineResult, Findings
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.analysis.universe import universes_of
from investiq.invest.market.market import Market
from investiq.invest.market.market_step import MarketStep
from investiq.invest.market.types import Symbol

__all__ = ["CHUNK", "THREADS_PER_ENGINE", "Orchestrator"]

THREADS_PER_ENGINE = 2
"""Each engine has threads of its own, so that one that hangs can only ever starve itself."""

_SNAPSHOT_THREADS = 4
"""A snapshot reads prices, which a provider can take its time for."""

CHUNK = 64
"""Symbols that an engine is given at once: 0.1 s of work, and one question to the signal models."""

_READINGS = 3
"""Of many symbols, at most: each time the prices or the model are replaced meanwhile, what depends on them is new."""

Kept = TypeVar("Kept")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Complete:
    """An analysis whose results are all kept, and what it follows from."""

    step: MarketStep
    snapshot: Snapshot
    inputs: Sequence[Hashable]
    findings: Findings


@dataclass(frozen=True, slots=True)
class _Look:
    """A snapshot, and for each engine what its answer follows from."""

    snapshot: Snapshot
    inputs: Sequence[Hashable]


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
        turns = Turns()
        self._snapshots = BoundedThreads(_SNAPSHOT_THREADS, "snapshot", turns)
        self._threads = {engine.name: BoundedThreads(THREADS_PER_ENGINE, engine.name, turns) for engine in engines}
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
        found = self.repeat(symbol)
        if found is None:
            with tracing.span("analyze", {attributes.SYMBOL: symbol}):
                found = await self._analyze(symbol)
        return found

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
        return self._counted(_analysis(snapshot, kept.findings))

    async def _analyze(self, symbol: Symbol) -> Analysis:
        _, step = self._market.moment()
        snapshot = await self._look(symbol)
        inputs = [self._inputs(engine, snapshot) for engine in self._engines]
        results = self._kept_results(symbol, inputs) or await self._results_of(snapshot, inputs)
        findings = self._findings_of(snapshot, results)
        # Only what was looked at within one step belongs to it, and only what is kept may be said again.
        if self._market.moment()[1] == step and self._kept_results(symbol, inputs) == results:
            _keep(self._complete, symbol, _Complete(step, snapshot.at(snapshot.as_of), inputs, findings))
        return self._counted(_analysis(snapshot, findings))

    def _counted(self, analysis: Analysis) -> Analysis:
        for name, result in analysis.engines.items():
            self._count_result[name, result.status.value]()
        self._analyses.inc()
        return analysis

    async def analyze_many(self, market: Market, symbols: Sequence[Symbol]) -> Sequence[Analysis]:
        """As `analyze` for each symbol, all at one instant, by the same prices and the same model.

        Args:
            market: ours, stopped at the instant.

        Raises:
            UnknownSymbol: the market has no such symbol.
        """
        for _ in range(_READINGS):
            looks = await self._snapshots.run(lambda: [self._look_at(market, symbol) for symbol in symbols])
            runs = [EngineRun(engine, self._threads[engine.name], self._timeout) for engine in self._engines]
            chunks = [looks[first : first + CHUNK] for first in range(0, len(looks), CHUNK)]
            analyses = [analysis for chunk in chunks for analysis in await self._analyses_of(runs, chunk)]
            if not looks or self._is_one_reading(looks):
                break  # otherwise prices or model were replaced meanwhile: what was computed from the old is not mixed
        return [self._counted(analysis) for analysis in analyses]

    def _look_at(self, market: Market, symbol: Symbol) -> _Look:
        snapshot = Snapshot.take(market, symbol, self._universes)
        return _Look(snapshot, [self._inputs(engine, snapshot) for engine in self._engines])

    def _is_one_reading(self, looks: Sequence[_Look]) -> bool:
        first = looks[0]
        inputs = [self._inputs(engine, first.snapshot) for engine in self._engines]
        return inputs == first.inputs and {look.snapshot.version for look in looks} == {self._market.version()}

    async def _analyses_of(self, runs: Sequence[EngineRun], looks: Sequence[_Look]) -> Sequence[Analysis]:
        results = [await self._results_for(run, number, looks) for number, run in enumerate(runs)]
        rows = [(look.snapshot, row) for look, row in zip(looks, zip(*results, strict=True), strict=True)]
        new = [(snapshot, row) for snapshot, row in rows if self._kept_findings(snapshot, row) is None]
        for snapshot, findings in await self._snapshots.run(lambda: [(s, self._combined(s, row)) for s, row in new]):
            self._keep_findings(snapshot, findings)
        return [_analysis(snapshot, self._findings_of(snapshot, row)) for snapshot, row in rows]

    async def _results_for(self, run: EngineRun, number: int, looks: Sequence[_Look]) -> Sequence[EngineResult]:
        """Of the engine of `run`, the one of that number, for each look."""
        name, by_symbol = run.engine.name, {look.snapshot.symbol: look for look in looks}
        found = {symbol: self._kept.find(symbol, name, look.inputs[number]) for symbol, look in by_symbol.items()}
        missing = {symbol: by_symbol[symbol].inputs[number] for symbol, result in found.items() if result is None}

        async def make(symbols: Sequence[Symbol]) -> Mapping[Symbol, Made]:
            snapshots = [by_symbol[symbol].snapshot for symbol in symbols]
            made = {}
            for snapshot, assessed in zip(snapshots, await run.assess(snapshots), strict=True):
                self._durations.labels(name).observe(assessed.seconds)
                made[snapshot.symbol] = made_of(name, snapshot, assessed)
            return made

        computed = await self._kept.compute_many(name, missing, make) if missing else {}
        return [found[symbol] or computed[symbol] for symbol in by_symbol]

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
        found = self._kept_findings(snapshot, results)
        return found or self._keep_findings(snapshot, self._combined(snapshot, results))

    def _kept_findings(self, snapshot: Snapshot, results: Sequence[EngineResult]) -> Findings | None:
        kept = self._findings.get(snapshot.symbol)
        same = kept is not None and kept[0] == history_inputs(snapshot)
        return kept[1] if kept and same and all(map(is_, kept[1].engines.values(), results)) else None

    def _combined(self, snapshot: Snapshot, results: Sequence[EngineResult]) -> Findings:
        return combined(snapshot, results, self._weights)

    def _keep_findings(self, snapshot: Snapshot, findings: Findings) -> Findings:
        _keep(self._findings, snapshot.symbol, (history_inputs(snapshot), findings))
        return findings

    async def _made(self, engine: Engine, snapshot: Snapshot) -> Made:
        described = {attributes.ENGINE: engine.name, attributes.SYMBOL: snapshot.symbol}
        with tracing.span(f"engine {engine.name}", described) as span:
            started = time.perf_counter()
            answer = await self._guarded(engine, snapshot)
            seconds = time.perf_counter() - started
            self._durations.labels(engine.name).observe(seconds)
            made = made_of(engine.name, snapshot, Assessed(answer, seconds))
            span.set(attributes.ENGINE_STATUS, made.result.status.value)
            if isinstance(answer, Exception):
                span.fail(failure_reason(answer))
        return made

    async def _guarded(self, engine: Engine, snapshot: Snapshot) -> Answer | Exception:
        """The engine's answer, or how it failed; the log has the traceback."""
        limit = asyncio.timeout(self._timeout)
        try:
            async with limit:
                return await self._assess(engine, snapshot)
        except Exception as error:
            # Where our own limit ran out, the traceback would only show that we waited.
            traceback, reason = not limit.expired(), failure_reason(error)
            tell = _log.error if reason == UNFORESEEN else _log.warning
            tell("engine_failed", engine=engine.name, symbol=snapshot.symbol, reason=reason, exc_info=traceback)
            return error

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


def _analysis(snapshot: Snapshot, findings: Findings) -> Analysis:
    return Analysis(snapshot.symbol, snapshot.as_of, snapshot.quote.price if snapshot.quote else None, findings)


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

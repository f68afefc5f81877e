"""Runs the engines side by side on one snapshot and puts their results together."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast

import structlog

from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.threads import BoundedThreads
from investiq.invest.analysis.engine import Answer, Engine
from investiq.invest.analysis.overall import combine
from investiq.invest.analysis.regime import regime_of
from investiq.invest.analysis.result import Analysis, EngineResult
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.analysis.universe import universes_of
from investiq.invest.market.market import Market
from investiq.invest.market.types import Symbol

__all__ = ["THREADS_PER_ENGINE", "Orchestrator"]

THREADS_PER_ENGINE = 2
"""Each engine has threads of its own, so that one that hangs can only ever starve itself."""

_SNAPSHOT_THREADS = 4
"""A snapshot reads prices, which a provider can take its time for."""

_log = structlog.get_logger(__name__)


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
        self._results = metrics.counter(catalogue.ENGINE_RESULTS)
        self._durations = metrics.histogram(catalogue.ENGINE_DURATION)

    async def analyze(self, symbol: Symbol) -> Analysis:
        """Everything the engines find about `symbol` at one instant of market time.

        An engine that fails or is slow only shows as `failed` in the result.

        Raises:
            UnknownSymbol: the market has no such symbol.
        """
        snapshot = await self._snapshots.run(lambda: Snapshot.take(self._market, symbol, self._universes))
        results = await asyncio.gather(*(self._result(engine, snapshot) for engine in self._engines))
        overall = combine(results, self._weights, regime_of(snapshot))
        self._analyses.inc()
        price = snapshot.quote.price if snapshot.quote else None
        return Analysis(symbol, snapshot.as_of, price, overall, {result.engine: result for result in results})

    async def _result(self, engine: Engine, snapshot: Snapshot) -> EngineResult:
        started = time.perf_counter()
        answer, failure = await self._guarded(engine, snapshot)
        seconds = time.perf_counter() - started
        if answer is None:
            result = EngineResult.failed(engine.name, failure, snapshot.as_of, seconds * 1000)
        else:
            result = EngineResult.of(engine.name, answer, snapshot.as_of, seconds * 1000)
        self._results.labels(engine.name, result.status.value).inc()
        self._durations.labels(engine.name).observe(seconds)
        return result

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

"""Results of engines, computed once for what they follow from, however many ask and however often."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from investiq.invest.analysis.result import EngineResult
from investiq.invest.market.types import Symbol

__all__ = ["MOST_SYMBOLS", "KeptResults", "Made"]

MOST_SYMBOLS: Final = 2_000
"""Whose results are kept, those asked for last; about 10 kB each."""


@dataclass(frozen=True, slots=True)
class _Kept:
    inputs: Hashable
    result: EngineResult


@dataclass(frozen=True, slots=True)
class Made:
    """A result that has just been computed, and whether it holds as long as its inputs do."""

    result: EngineResult
    holds: bool


class KeptResults:
    """The latest result of each engine for each symbol, with the inputs that it follows from. For one event loop.

    What may be otherwise the next time (a failure, a service that does not answer) is not kept.
    """

    def __init__(self, most_symbols: int = MOST_SYMBOLS) -> None:
        self._most = most_symbols
        self._symbols: OrderedDict[Symbol, dict[str, _Kept]] = OrderedDict()
        self._running: dict[tuple[Symbol, str, Hashable], asyncio.Task[EngineResult]] = {}

    def knows(self, symbol: Symbol) -> bool:
        """Whether anything is kept of `symbol`."""
        return symbol in self._symbols

    def find(self, symbol: Symbol, engine: str, inputs: Hashable) -> EngineResult | None:
        """The result that follows from `inputs`, if it is kept; of inputs that are None, nothing is."""
        kept = self._symbols.get(symbol, {}).get(engine)
        return kept.result if kept is not None and inputs is not None and kept.inputs == inputs else None

    async def compute(
        self, symbol: Symbol, engine: str, inputs: Hashable, make: Callable[[], Awaitable[Made]]
    ) -> EngineResult:
        """What `make` gives, which is kept where it holds; whoever asks for the same meanwhile waits for it too.

        Who gives up waiting stops nobody else. With inputs that are None, each asks for itself.
        """
        if inputs is None:
            return (await make()).result
        key = (symbol, engine, inputs)
        if key not in self._running:
            self._running[key] = asyncio.create_task(self._run(key, make))
        return await asyncio.shield(self._running[key])

    async def compute_many(
        self,
        engine: str,
        inputs: Mapping[Symbol, Hashable],
        make: Callable[[Sequence[Symbol]], Awaitable[Mapping[Symbol, Made]]],
    ) -> Mapping[Symbol, EngineResult]:
        """As `compute` for each symbol; those that nobody computes yet are given to `make` together."""
        keys = {symbol: (symbol, engine, its) for symbol, its in inputs.items()}
        awaited = {symbol: self._running[key] for symbol, key in keys.items() if key in self._running}
        claimed = [symbol for symbol in inputs if symbol not in awaited]
        if not claimed:
            return {symbol: await asyncio.shield(running) for symbol, running in awaited.items()}
        together = asyncio.create_task(self._run_many([keys[symbol] for symbol in claimed], make))
        for symbol in claimed:
            if inputs[symbol] is not None:
                self._running[keys[symbol]] = asyncio.create_task(_one_of(together, symbol))
        found = dict(await asyncio.shield(together))
        return found | {symbol: await asyncio.shield(running) for symbol, running in awaited.items()}

    async def _run_many(
        self,
        keys: Sequence[tuple[Symbol, str, Hashable]],
        make: Callable[[Sequence[Symbol]], Awaitable[Mapping[Symbol, Made]]],
    ) -> Mapping[Symbol, EngineResult]:
        try:
            made = await make([symbol for symbol, _, _ in keys])
        finally:
            for key in keys:
                self._running.pop(key, None)
        for symbol, engine, inputs in keys:
            if made[symbol].holds and inputs is not None:
                self._keep(symbol, engine, inputs, made[symbol].result)
        return {symbol: one.result for symbol, one in made.items()}

    async def _run(self, key: tuple[Symbol, str, Hashable], make: Callable[[], Awaitable[Made]]) -> EngineResult:
        try:
            made = await make()
        finally:
            del self._running[key]
        if made.holds:
            self._keep(*key, made.result)
        return made.result

    def _keep(self, symbol: Symbol, engine: str, inputs: Hashable, result: EngineResult) -> None:
        self._symbols.setdefault(symbol, {})[engine] = _Kept(inputs, result)
        self._symbols.move_to_end(symbol)
        while len(self._symbols) > self._most:
            self._symbols.popitem(last=False)


async def _one_of(together: asyncio.Task[Mapping[Symbol, EngineResult]], symbol: Symbol) -> EngineResult:
    return (await asyncio.shield(together))[symbol]

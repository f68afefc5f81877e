"""One chunk of a scan: what another process needs to know of it, and how it analyses it there."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Self

from investiq.foundation.errors import InvestIQError
from investiq.invest.analysis import (
    Engine,
    FundamentalEngine,
    Prediction,
    QuantitativeEngine,
    SentimentEngine,
    SignalEngine,
    SignalUnavailable,
    TechnicalEngine,
)
from investiq.invest.analysis.engine import Answer
from investiq.invest.analysis.many import AnswersMany, Assessed, assess_each, made_of
from investiq.invest.analysis.overall import combined
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.market.calendar import xnys
from investiq.invest.market.clock import StoppedClock, WallClock
from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.history import History
from investiq.invest.market.market import Market
from investiq.invest.market.price_cache import KeptColumns
from investiq.invest.market.types import Bar, Fundamentals, Headline, Symbol
from investiq.invest.scan.row import Row, row_of
from investiq.invest.signals import prediction as signals
from investiq.invest.signals.model import Model, TooFewBars

__all__ = ["Analysed", "Settings", "SymbolData", "analyse_chunk"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What all chunks of a scan have in common.

    Attributes:
        as_of: the close of the session that the scan is of.
        weights: of the engines.
        model: the signal model, or why there is none.
    """

    as_of: datetime
    weights: Mapping[str, float]
    model: Model | str


@dataclass(frozen=True, slots=True)
class SymbolData:
    """One symbol of a chunk. Bars of sessions after that of the scan may be among them, and are not shown to engines.

    Attributes:
        bars: themselves, or where they are kept.
        headlines, fundamentals: None where the provider has none for any symbol.
    """

    symbol: Symbol
    bars: History | KeptColumns
    headlines: Sequence[Headline] | None = None
    fundamentals: Sequence[Fundamentals] | None = None


@dataclass(frozen=True, slots=True)
class Analysed:
    """What came out of a chunk: a row for each symbol, and what went wrong in engines."""

    rows: Sequence[Row]
    failures: Sequence[str] = ()


def analyse_chunk(settings: bytes, chunk: Sequence[SymbolData]) -> Analysed:
    """Analyse every symbol of `chunk`.

    Args:
        settings: `Settings`, pickled once by who runs the scan; each process takes them apart once.

    Raises:
        DamagedCache: the columns of a symbol are not where they were.
    """
    shared = _settings(settings)
    with _ChunkProvider(chunk) as provider:
        return _analysed(shared, Market(provider, StoppedClock(WallClock(), shared.as_of), xnys()), chunk)


def _analysed(shared: Settings, market: Market, chunk: Sequence[SymbolData]) -> Analysed:
    # Alone, no symbol has a beta: a number that is in no row, and that would need all symbols in each process.
    snapshots = [replace(Snapshot.take(market, data.symbol), universe_symbols=1) for data in chunk]
    results, failures = [], []
    for engine in _engines(shared.model, market):
        answers = _answers(engine, snapshots)
        results.append([made_of(engine.name, look, one).result for look, one in zip(snapshots, answers, strict=True)])
        pairs = zip(snapshots, answers, strict=True)
        failures += [_failure(engine, look, one.answer) for look, one in pairs if isinstance(one.answer, Exception)]
    found = zip(snapshots, zip(*results, strict=True), strict=True)
    return Analysed([row_of(look, combined(look, row, shared.weights)) for look, row in found], failures)


@lru_cache(maxsize=1)
def _settings(pickled: bytes) -> Settings:
    settings: Settings = pickle.loads(pickled)  # noqa: S301  from who started this process
    return settings


def _engines(model: Model | str, market: Market) -> Sequence[Engine]:
    return (
        TechnicalEngine(),
        QuantitativeEngine(),
        SignalEngine(_ModelHere(model)),
        SentimentEngine(market.headlines),
        FundamentalEngine(market.fundamentals),
    )


def _answers(engine: Engine, snapshots: Sequence[Snapshot]) -> Sequence[Assessed]:
    if not isinstance(engine, AnswersMany):
        return list(assess_each(engine, snapshots))
    return [Assessed(answer, 0.0) for answer in asyncio.run(_asked(engine, snapshots))]


async def _asked(engine: AnswersMany, snapshots: Sequence[Snapshot]) -> Sequence[Answer | Exception]:
    return await engine.assess_many(snapshots)


def _failure(engine: Engine, snapshot: Snapshot, error: Exception) -> str:
    return f"{engine.name} of {snapshot.symbol}: {type(error).__name__}: {error}"


class _Refused(InvestIQError):
    """The model cannot predict from these bars; called as the API calls a refusal of the signal models service."""

    reason = "refused"


class _ModelHere:
    """The signal model in this process, as analysis wants it."""

    def __init__(self, model: Model | str) -> None:
        self._model = model

    async def predict(self, symbol: Symbol, bars: Sequence[Bar]) -> Prediction:
        """The prediction (see `analysis.SignalSource`)."""
        (found,) = await self.predict_many([(symbol, bars)])
        if isinstance(found, InvestIQError):
            raise found
        return found

    async def predict_many(
        self, questions: Sequence[tuple[Symbol, Sequence[Bar]]]
    ) -> Sequence[Prediction | InvestIQError]:
        """The predictions (see `analysis.SignalSource`)."""
        if isinstance(self._model, str):
            raise SignalUnavailable(self._model)
        return [_in_words_of_analysis(found) for found in self._model.predict(questions)]

    def model(self) -> str | None:
        """The version of the model."""
        return None if isinstance(self._model, str) else self._model.card.model_version


def _in_words_of_analysis(found: signals.Prediction | InvestIQError) -> Prediction | InvestIQError:
    if isinstance(found, TooFewBars):
        return SignalUnavailable(found.message)
    return _Refused(found.message) if isinstance(found, InvestIQError) else Prediction(**asdict(found))


class _ChunkProvider:
    """Serves the symbols of a chunk."""

    name = "scan"

    def __init__(self, chunk: Sequence[SymbolData]) -> None:
        self._data = {data.symbol: data for data in chunk}
        self._bars = {data.symbol: _bars_of(data) for data in chunk}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        # A market is part of a circle, which goes late: the columns in memory must not wait for that.
        self._bars.clear()

    def symbols(self) -> Sequence[Symbol]:
        return sorted(self._data)

    def refused(self) -> Mapping[Symbol, Sequence[str]]:
        return {}

    def unused_columns(self) -> Sequence[UnusedColumn]:
        return ()

    def refresh(self) -> None:
        """Nothing of it changes."""

    def rejected(self) -> Mapping[str, Sequence[str]]:
        return {}

    def version(self) -> int:
        return 0

    def span(self, symbol: Symbol) -> tuple[date, date]:
        bars = self._bars[symbol]
        return bars.session(0), bars.session(-1)

    def bars(self, symbol: Symbol) -> History:
        return self._bars[symbol]

    def headlines(self, symbol: Symbol) -> Sequence[Headline] | None:
        return self._data[symbol].headlines

    def fundamentals(self, symbol: Symbol) -> Sequence[Fundamentals] | None:
        return self._data[symbol].fundamentals


def _bars_of(data: SymbolData) -> History:
    return data.bars.read() if isinstance(data.bars, KeptColumns) else data.bars

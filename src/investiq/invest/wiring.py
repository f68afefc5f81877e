"""The composition root: a configuration goes in, running objects come out.

Every function imports what it builds when it is called: the API does not load LightGBM, and training loads neither
FastAPI nor the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from investiq.foundation import topology
from investiq.foundation.config.paths import Paths, ledger_url
from investiq.foundation.config.schema import Config
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from investiq.foundation.errors import InvestIQError
    from investiq.foundation.store import LedgerLock
    from investiq.invest.analysis import Orchestrator, Prediction
    from investiq.invest.market.clock import Clock
    from investiq.invest.market.history import History
    from investiq.invest.market.market import Market
    from investiq.invest.market.types import Bar, Symbol
    from investiq.invest.signals import prediction as signals
    from investiq.invest.signals.client import SignalClient
    from investiq.invest.trading.desk import Desk

__all__ = [
    "ApiParts",
    "build_api_parts",
    "build_desk",
    "build_market",
    "build_orchestrator",
    "build_signal_client",
    "count_waits",
    "open_store",
    "retraining_reason",
    "train_models",
]


@dataclass(frozen=True, slots=True)
class ApiParts:
    """Everything that the API server serves, connected."""

    config: Config
    metrics: Metrics
    market: Market
    clock: Clock
    store: Engine
    lock: LedgerLock
    desk: Desk
    orchestrator: Orchestrator
    signals: SignalClient

    async def aclose(self) -> None:
        """Close what holds something open. A replay keeps its exact position."""
        await self.signals.aclose()
        stop = getattr(self.clock, "close", None)
        if stop is not None:
            stop()
        self.store.dispose()
        self.lock.release()


def build_api_parts(config: Config) -> ApiParts:
    """The parts of the API server, the database migrated.

    The ledger is this process's own before anything is changed: its tables by a migration, the position of the replay.

    Raises:
        LedgerInUse: another desk has it.
        InvestIQError: the market data, the replay's position or the database cannot be used; the message says why.
    """
    from investiq.foundation.store import hold_ledger, migrate

    metrics = Metrics(Part.API)
    store = _open_ledger(config)
    count_waits(store, metrics)
    lock = hold_ledger(store)
    migrate(store)
    market, clock = build_market(config, metrics)
    signals = build_signal_client(config)
    return ApiParts(
        config=config,
        metrics=metrics,
        market=market,
        clock=clock,
        store=store,
        lock=lock,
        desk=build_desk(config, market, store, metrics),
        orchestrator=build_orchestrator(config, market, signals, metrics),
        signals=signals,
    )


def build_market(config: Config, metrics: Metrics | None = None) -> tuple[Market, Clock]:
    """The market of the configuration, and its clock. One process only may have it: it keeps the replay's position."""
    from investiq.invest.market.opening import open_market

    return open_market(config.market, config.data_dir, metrics)


def open_store(config: Config) -> Engine:
    """The ledger's database, migrated: `database_url`, or SQLite in data_dir."""
    from investiq.foundation.store import migrate

    engine = _open_ledger(config)
    migrate(engine)
    return engine


def _open_ledger(config: Config) -> Engine:
    from investiq.foundation.database_spans import trace_statements
    from investiq.foundation.store import open_engine

    engine = open_engine(ledger_url(config))
    trace_statements(engine)
    return engine


def count_waits(store: Engine, metrics: Metrics) -> None:
    """Count each wait for a connection to the database."""
    from investiq.foundation.store import tell_waits

    waits = metrics.counter(catalogue.DATABASE_WAITS)
    tell_waits(store, lambda in_vain: waits.labels("gave_up" if in_vain else "got").inc())


def build_desk(config: Config, market: Market, store: Engine, metrics: Metrics) -> Desk:
    """The trading desk with the configured broker."""
    from investiq.invest.trading.desk import open_desk

    return open_desk(config.trading, market, store, metrics, clock=config.market.clock)


def build_orchestrator(config: Config, market: Market, signals: SignalClient, metrics: Metrics) -> Orchestrator:
    """All engines, the signal engine bound to the signal models service."""
    from investiq.invest.analysis import (
        FundamentalEngine,
        Orchestrator,
        QuantitativeEngine,
        SentimentEngine,
        SignalEngine,
        TechnicalEngine,
    )

    engines = (
        TechnicalEngine(),
        QuantitativeEngine(),
        SignalEngine(_SignalService(signals)),
        SentimentEngine(market.headlines),
        FundamentalEngine(market.fundamentals),
    )
    weights = {str(name): weight for name, weight in config.analysis.weights.items()}
    return Orchestrator(market, engines, weights, config.analysis.timeout_seconds, metrics)


def build_signal_client(config: Config) -> SignalClient:
    """The client of the signal models service."""
    from investiq.invest.signals.client import SignalClient

    return SignalClient(topology.SIGNALS.url(config), config.signals.timeout_seconds)


class _SignalService:
    """The signal models service as analysis wants it.

    Silence and a missing model are "unavailable"; an answer that makes no sense stays an error, and the engine failed.
    """

    def __init__(self, client: SignalClient) -> None:
        self._client = client

    async def predict(self, symbol: Symbol, bars: Sequence[Bar]) -> Prediction:
        """Ask the service (see `analysis.SignalSource`)."""
        from investiq.invest.signals.client import SignalUnavailable

        try:
            return _prediction(await self._client.predict(symbol, bars))
        except SignalUnavailable as error:
            raise _as_silence(error) from error

    async def predict_many(
        self, questions: Sequence[tuple[Symbol, Sequence[Bar]]]
    ) -> Sequence[Prediction | InvestIQError]:
        """Ask the service once (see `analysis.SignalSource`)."""
        from investiq.invest.signals.client import SignalUnavailable

        try:
            found = await self._client.predict_many(questions)
        except SignalUnavailable as error:
            raise _as_silence(error) from error
        return [_as_silence(one) if isinstance(one, SignalUnavailable) else _prediction(one) for one in found]

    def model(self) -> str | None:
        """The version of the model that serves, as the service said last."""
        return self._client.model_version


def _prediction(answer: signals.Prediction) -> Prediction:
    """The answer of the model in the words of analysis."""
    from investiq.invest.analysis import Prediction

    return Prediction(
        symbol=answer.symbol,
        as_of=answer.as_of,
        horizon_sessions=answer.horizon_sessions,
        probability_up=answer.probability_up,
        confidence=answer.confidence,
        beats_constant=answer.beats_constant,
        model_version=answer.model_version,
        trained_until=answer.trained_until,
    )


def _as_silence(error: InvestIQError) -> InvestIQError:
    """The error, or what analysis calls it where there is nothing to be had."""
    from investiq.invest.analysis import SignalUnavailable
    from investiq.invest.signals.client import SignalNoModel, SignalTimeout, SignalTooFewBars, SignalUnreachable

    silent = isinstance(error, SignalNoModel | SignalTimeout | SignalTooFewBars | SignalUnreachable)
    return SignalUnavailable(error.message) if silent else error


# ---- signal models ----


def train_models(config: Config, progress: Callable[[str, int, int], None]) -> Path:
    """Train on the configured prices from before the replay's start, and make the result the current model.

    Args:
        progress: called as `progress(stage, done, total)`; stages in order: prices, features, validation, fit.

    Returns:
        The folder of the new artifact.

    Raises:
        TooLittleData: there is too little history before the start.
        InvestIQError: the market data cannot be used.
    """
    from investiq.invest.signals.artifact import save
    from investiq.invest.signals.train import train

    histories, before = _histories(config, partial(progress, "prices"))
    return save(train(histories, before, progress), Paths.of(config).models)


def retraining_reason(
    config: Config, progress: Callable[[str, int, int], None] | None = None, *, keep: bool = True
) -> str | None:
    """Why the signal model must be trained (again), as a sentence; None when the one that is there will do.

    Args:
        progress: as in `train_models`, of which the stage prices is all that takes time here.
        keep: False to leave the cache of prices as it is.
    """
    from investiq.invest.signals.artifact import ModelMissing, ModelRefused, load
    from investiq.invest.signals.dataset import bars_before, data_hash

    try:
        model = load(Paths.of(config).models)
    except (ModelMissing, ModelRefused) as error:
        return error.message
    histories, before = _histories(config, partial(progress, "prices") if progress else None, keep=keep)
    learned = model.card.data
    if learned.trained_until >= before:
        return f"the model saw prices up to {learned.trained_until}, and the replay starts on {before}"
    if config.market.clock == "replay" and learned.before != before:
        return f"the model was trained for a start on {learned.before}, not {before}"
    if learned.sha256 != data_hash(bars_before(histories, learned.before)):
        return "the model was trained on other prices than the ones that are configured"
    return None


def _histories(
    config: Config, progress: Callable[[int, int], None] | None = None, *, keep: bool = True
) -> tuple[dict[Symbol, History], date]:
    """The whole history of each symbol, and the day before which training must stop.

    With the time of day as the clock, everything that is past may be learned from, and a model only grows old.
    """
    from investiq.invest.market.calendar import xnys
    from investiq.invest.market.opening import first_session, open_provider

    calendar = xnys()
    provider = open_provider(config.market, calendar, Paths.of(config).prices, progress, keep=keep)
    histories = {symbol: provider.bars(symbol) for symbol in provider.symbols()}
    if config.market.clock == "replay":
        return histories, first_session(config.market.start, provider, calendar)
    return histories, max(bars.session(-1) for bars in histories.values()) + timedelta(days=1)

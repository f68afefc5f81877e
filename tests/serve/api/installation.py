"""A whole API server on the shipped prices, in this process, with a clock that the test sets."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from investiq.foundation.config import Paths
from investiq.foundation.config.schema import (
    ApiConfig,
    Config,
    EdgeConfig,
    InboxConfig,
    MarketConfig,
    SignalsConfig,
    TradingConfig,
)
from investiq.foundation.store import hold_ledger
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.invest import wiring
from investiq.invest.market.calendar import xnys
from investiq.invest.market.clock import Clock
from investiq.invest.market.market import Market
from investiq.invest.market.opening import open_provider
from investiq.invest.market.provider import ObservedProvider
from investiq.invest.wiring import ApiParts
from investiq.serve.api.app import create_app
from tests.foundation.store.migrated import new_ledger

BASE = "http://127.0.0.1:3000"
NOON = datetime(2008, 1, 3, 17, 0, tzinfo=UTC)
"""A session is open, and its open and low have been seen."""


class SetClock:
    """Stands where it was last set."""

    name = "replay"
    session_seconds: float | None = None
    ends_at: datetime | None = None

    def __init__(self, now: datetime = NOON) -> None:
        self.current = now

    def now(self) -> datetime:
        return self.current


@dataclass
class Installation:
    """The server, and what a test wants to reach inside it."""

    config: Config
    parts: ApiParts
    app: FastAPI
    clock: SetClock = field(default_factory=SetClock)

    @property
    def admin_key(self) -> str:
        return Paths.of(self.config).admin_key.read_text().strip()

    @property
    def agent_key(self) -> str:
        return Paths.of(self.config).agent_key.read_text().strip()

    @asynccontextmanager
    async def client(self, address: str = "127.0.0.1", **options: Any) -> AsyncIterator[httpx2.AsyncClient]:
        """A plain HTTP client whose requests seem to come from `address`."""
        transport = httpx2.ASGITransport(self.app, client=(address, 50_000), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE, **options) as client:
            yield client

    def bearer(self, key: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {key or self.admin_key}"}

    def order_headers(self, idempotency_key: str, key: str | None = None) -> dict[str, str]:
        return {**self.bearer(key), "Idempotency-Key": idempotency_key}

    def sample(self, name: str, /, **labels: str) -> float:
        value = self.parts.metrics.registry.get_sample_value(name, labels)
        assert value is not None, f"no sample {name} {labels}"
        return value


UNWATCHED = TradingConfig(require_monitoring=False)
"""No monitoring sends these servers a heartbeat; the tests of the heartbeat ask for it."""

NO_INBOX = InboxConfig(port=2)
"""Nobody listens there: the inbox of a stack that runs beside the tests hears nothing of them."""


def install(
    data_dir: Path,
    api: ApiConfig | None = None,
    signals_port: int = 1,
    trading: TradingConfig = UNWATCHED,
    inbox: InboxConfig = NO_INBOX,
    *,
    files: MarketConfig | None = None,
    edge: EdgeConfig | None = None,
) -> Installation:
    """A new installation in `data_dir`. Without a port, its signal models are unreachable.

    Args:
        files: a market of files; by default it is the shipped one.
    """
    config = Config(
        data_dir=data_dir,
        api=api or ApiConfig(),
        signals=SignalsConfig(port=signals_port, timeout_seconds=5.0),
        trading=trading,
        inbox=inbox,
        market=files or MarketConfig(),
        edge=edge or EdgeConfig(),
    )
    new_ledger(Paths.of(config).ledger)
    metrics, clock = Metrics(Part.API), SetClock()
    provider = open_provider(config.market, xnys())
    market = Market(ObservedProvider(provider, metrics), clock, xnys())
    store, signals = wiring.open_store(config), wiring.build_signal_client(config)
    wiring.count_waits(store, metrics)
    parts = ApiParts(
        config=config,
        metrics=metrics,
        market=market,
        clock=_as_clock(clock),
        store=store,
        lock=hold_ledger(store),
        desk=wiring.build_desk(config, market, store, metrics),
        orchestrator=wiring.build_orchestrator(config, market, signals, metrics),
        signals=signals,
    )
    return Installation(config, parts, create_app(parts), clock)


def _as_clock(clock: Clock) -> Clock:
    return clock


@asynccontextmanager
async def running(installation: Installation) -> AsyncIterator[Installation]:
    """The installation between its start-up and its shutdown, background work included."""
    async with installation.app.router.lifespan_context(installation.app):
        yield installation


@asynccontextmanager
async def not_running(installation: Installation) -> AsyncIterator[Installation]:
    """The installation without its background work: nothing happens unless the test does it."""
    try:
        yield installation
    finally:
        with contextlib.suppress(Exception):
            await installation.parts.aclose()

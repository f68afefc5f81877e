"""Builds the API server from its parts, and runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
from fastapi import FastAPI, Security

from investiq import __version__
from investiq.foundation.config.paths import Paths
from investiq.foundation.config.schema import Config
from investiq.foundation.contract.heartbeat import HEARTBEAT_PATH
from investiq.foundation.files import provide_token
from investiq.invest.wiring import ApiParts, build_api_parts
from investiq.serve.api.auth import REFUSALS, AuthMiddleware
from investiq.serve.api.background_tasks import BackgroundTasks
from investiq.serve.api.errors import STATUSES
from investiq.serve.api.identity import bearer
from investiq.serve.api.keys import KeyStore, RecentKeys, provide_key_files
from investiq.serve.api.routes.account import account_routes
from investiq.serve.api.routes.analysis import analysis_routes
from investiq.serve.api.routes.docs import docs_routes
from investiq.serve.api.routes.health import health_routes
from investiq.serve.api.routes.heartbeat import heartbeat_routes
from investiq.serve.api.routes.market import market_routes
from investiq.serve.api.routes.trades import trade_routes
from investiq.serve.api.routes.trading import trading_routes
from investiq.serve.http import HostPolicy, equip, serve
from investiq.serve.http.middleware import QUIET

__all__ = ["create_app", "run"]

_log = structlog.get_logger(__name__)


def run(config: Config) -> None:
    """Serve until SIGTERM or SIGINT. Logging is configured by the caller."""
    parts = build_api_parts(config)
    serve(create_app(parts), config.api.host, config.api.port)


def create_app(parts: ApiParts) -> FastAPI:
    """The API server as an application; it makes this installation's own keys where they are missing.

    Raises:
        UnusableKeyFile, UnusableTokenFile: a file of keys cannot be read or written, or holds none.
    """
    api, metrics = parts.config.api, parts.metrics
    keys = KeyStore(parts.store)
    provide_key_files(keys, Paths.of(parts.config))
    heartbeat_token = provide_token(Paths.of(parts.config).heartbeat_token)
    background_tasks = BackgroundTasks(parts)
    app = FastAPI(
        title="InvestIQ API",
        version=__version__,
        description="Analyses stocks, trades them on paper, and is watched by construction.",
        docs_url=None,  # FastAPI's own page loads its scripts from outside; ours is in routes/docs
        redoc_url=None,
        dependencies=[Security(bearer)],
        lifespan=_lifespan(parts, background_tasks),
    )
    for router in (
        health_routes(background_tasks.monitor, parts.desk, metrics),
        heartbeat_routes(parts.desk, metrics),
        market_routes(parts.market),
        analysis_routes(parts.orchestrator),
        trade_routes(parts.desk, metrics, api.trades_per_minute),
        account_routes(parts.desk),
        trading_routes(parts.desk, metrics),
        docs_routes(),
    ):
        app.include_router(router)
    hosts = HostPolicy(api.host, api.hostnames)
    app.add_middleware(
        AuthMiddleware,
        keys=RecentKeys(keys),
        heartbeat_token=heartbeat_token,
        hosts=hosts,
        config=api,
        metrics=metrics,
    )
    return equip(
        app,
        metrics=metrics,
        hosts=hosts,
        max_body_bytes=api.max_body_bytes,
        statuses=STATUSES,
        refusals=REFUSALS,
        quiet=QUIET | {HEARTBEAT_PATH},
    )


def _lifespan(
    parts: ApiParts, background_tasks: BackgroundTasks
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await background_tasks.first_round()
        tasks = background_tasks.start()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await background_tasks.wait_for_threads()
            await parts.aclose()
            _log.info("stopped")

    return lifespan
